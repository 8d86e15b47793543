package dev.filigree.host.arrays;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** A small plan with a buffer for every tensor, fed from arrays and read back into arrays. Not thread-safe. */
public final class ArrayPlan implements AutoCloseable {
    private final ExecutionStream stream;
    private final Arena arena = Arena.ofShared();
    private final Map<String, DeviceBuffer> buffers = new HashMap<>();
    private final Map<String, MemorySegment> staging = new HashMap<>();
    private final PreparedPlan prepared;
    private final RunBindings bindings;
    private final DeviceBuffer workspace;

    /**
     * Prepares a plan and allocates its tensors.
     *
     * @param scope owns the buffers
     * @param stream everything runs on it
     * @param shared buffers by tensor name to use instead of own ones, large enough for what will run
     * @throws dev.filigree.api.backend.UnsupportedPlanException if the backend cannot run it
     */
    public ArrayPlan(
            Backend backend, BufferScope scope, ExecutionStream stream, Plan plan, Map<String, DeviceBuffer> shared) {
        this.stream = stream;
        this.prepared = backend.prepare(plan);
        this.bindings = new RunBindings(plan);
        for (TensorDecl decl : plan.tensors().all()) {
            if (decl.role() != TensorRole.TEMP) {
                DeviceBuffer known = shared.get(decl.ref().name());
                DeviceBuffer buffer = known != null ? known : scope.allocate(decl.capacityBytes());
                buffers.put(decl.ref().name(), buffer);
                bindings.bind(decl.ref(), buffer);
            }
        }
        workspace = scope.allocate(prepared.workspaceBytes());
    }

    /** Sets the extent of a variable axis. */
    public ArrayPlan axis(String axis, int extent) {
        bindings.axis(axis, extent);
        return this;
    }

    /** Whether the plan has a variable axis of that name. */
    public boolean hasAxis(String axis) {
        return prepared.plan().variableAxes().contains(axis);
    }

    /** Whether the plan has a tensor of that name that is bound from outside. */
    public boolean has(String tensor) {
        return buffers.containsKey(tensor);
    }

    /** Writes the first {@code count} values as f32. */
    public void write(String tensor, double[] values, int count) {
        MemorySegment target = direct(tensor, count * 4L);
        for (int i = 0; i < count; i++) {
            target.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
        }
        flush(tensor, target);
    }

    /** Writes f32 values. */
    public void writeFloats(String tensor, float[] values) {
        MemorySegment target = direct(tensor, values.length * 4L);
        MemorySegment.copy(values, 0, target, ValueLayout.JAVA_FLOAT, 0, values.length);
        flush(tensor, target);
    }

    /** Writes i32 values. */
    public void writeInts(String tensor, int[] values) {
        MemorySegment target = direct(tensor, values.length * 4L);
        MemorySegment.copy(values, 0, target, ValueLayout.JAVA_INT, 0, values.length);
        flush(tensor, target);
    }

    /** Reads as many f32 values as fit. */
    public void read(String tensor, double[] values) {
        MemorySegment source = fetched(tensor, values.length * 4L);
        for (int i = 0; i < values.length; i++) {
            values[i] = source.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        }
    }

    /** Reads as many f32 values as fit, as they are. */
    public void readFloats(String tensor, float[] values) {
        MemorySegment.copy(fetched(tensor, values.length * 4L), ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
    }

    /** Reads as many i32 values as fit. */
    public void readInts(String tensor, int[] values) {
        MemorySegment.copy(fetched(tensor, values.length * 4L), ValueLayout.JAVA_INT, 0, values, 0, values.length);
    }

    /** Runs the plan and waits. */
    public void run() {
        prepared.run(stream, bindings, workspace);
        stream.synchronize();
    }

    private DeviceBuffer buffer(String tensor) {
        return Objects.requireNonNull(buffers.get(tensor), () -> "plan has no tensor " + tensor);
    }

    /** The tensor's own bytes where the host can address them, otherwise a copy to be sent over. */
    private MemorySegment direct(String tensor, long bytes) {
        DeviceBuffer buffer = buffer(tensor);
        if (bytes > buffer.sizeBytes()) {
            throw new IllegalArgumentException(
                    "tensor " + tensor + " holds " + buffer.sizeBytes() + " bytes, not " + bytes);
        }
        return buffer.hostSegment()
                .orElseGet(() -> staging.computeIfAbsent(tensor, name -> arena.allocate(buffer.sizeBytes(), 4)))
                .asSlice(0, bytes);
    }

    private void flush(String tensor, MemorySegment written) {
        DeviceBuffer buffer = buffer(tensor);
        if (buffer.hostSegment().isEmpty()) {
            stream.write(written, buffer, 0);
        }
    }

    private MemorySegment fetched(String tensor, long bytes) {
        DeviceBuffer buffer = buffer(tensor);
        MemorySegment target = direct(tensor, bytes);
        if (buffer.hostSegment().isEmpty()) {
            stream.read(buffer, 0, target);
        }
        return target;
    }

    @Override
    public void close() {
        prepared.close();
        arena.close();
    }
}
