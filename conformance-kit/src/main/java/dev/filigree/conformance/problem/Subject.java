package dev.filigree.conformance.problem;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** Runs problems on an open backend, each with buffers of its own. Not thread-safe. */
public final class Subject implements AutoCloseable {
    private final Backend backend;
    private final ExecutionStream stream;
    private BiConsumer<Problem, Outputs> watcher = (problem, outputs) -> {};

    /** Runs problems on a backend that the caller closes. */
    public Subject(Backend backend) {
        this.backend = backend;
        stream = backend.openStream();
    }

    /** Has every further run told, with what it left. */
    public void watch(BiConsumer<Problem, Outputs> newWatcher) {
        watcher = newWatcher;
    }

    /** The backend. */
    public Backend backend() {
        return backend;
    }

    /** Runs a problem once. */
    public Outputs run(Problem problem) {
        return run(problem.plan(), List.of(problem)).getFirst();
    }

    /** Runs problems of one plan one after the other on one prepared plan, whatever their extents and bytes. */
    public List<Outputs> run(Plan plan, List<Problem> problems) {
        try (PreparedPlan prepared = backend.prepare(plan)) {
            return problems.stream().map(problem -> run(prepared, problem, 0)).toList();
        }
    }

    /** Runs a problem whose tensors start some bytes into their buffers. */
    public Outputs runAt(Problem problem, long offsetBytes) {
        try (PreparedPlan prepared = backend.prepare(problem.plan())) {
            return run(prepared, problem, offsetBytes);
        }
    }

    /** The median time of some runs of a problem on one prepared plan, waits included, in nanoseconds. */
    public long time(Problem problem, int repeats) {
        try (PreparedPlan prepared = backend.prepare(problem.plan());
                BufferScope scope = backend.openScope()) {
            RunBindings bindings = new RunBindings(prepared.plan());
            bind(problem, scope, bindings, 0);
            DeviceBuffer workspace = scope.allocate(prepared.workspaceBytes());
            long[] nanos = new long[repeats];
            for (int i = 0; i < repeats; i++) {
                long start = System.nanoTime();
                prepared.run(stream, bindings, workspace);
                stream.synchronize();
                nanos[i] = System.nanoTime() - start;
            }
            Arrays.sort(nanos);
            return nanos[repeats / 2];
        }
    }

    private Outputs run(PreparedPlan prepared, Problem problem, long offsetBytes) {
        try (BufferScope scope = backend.openScope()) {
            RunBindings bindings = new RunBindings(prepared.plan());
            Map<TensorRef, DeviceBuffer> buffers = bind(problem, scope, bindings, offsetBytes);
            prepared.run(stream, bindings, scope.allocate(prepared.workspaceBytes()));
            stream.synchronize();
            Map<TensorRef, TensorData> written = new LinkedHashMap<>();
            problem.data().forEach((ref, before) -> {
                TensorRole role = before.decl().role();
                DeviceBuffer buffer = buffers.get(ref);
                if (buffer != null && (role == TensorRole.OUTPUT || role == TensorRole.STATE)) {
                    TensorData after = before.copy();
                    read(buffer, offsetBytes, after);
                    written.put(ref, after);
                }
            });
            Outputs outputs = new Outputs(written);
            watcher.accept(problem, outputs);
            return outputs;
        }
    }

    private Map<TensorRef, DeviceBuffer> bind(
            Problem problem, BufferScope scope, RunBindings bindings, long offsetBytes) {
        problem.axes().forEach(bindings::axis);
        Map<TensorRef, DeviceBuffer> buffers = new LinkedHashMap<>();
        problem.data().forEach((ref, data) -> {
            DeviceBuffer buffer = scope.allocate(data.bytes().byteSize() + offsetBytes);
            write(buffer, offsetBytes, data);
            buffers.put(ref, buffer);
            bindings.bind(ref, buffer, offsetBytes);
        });
        return buffers;
    }

    // Backends may hand a segment to native code, so bytes pass through native memory on their way.
    private void write(DeviceBuffer buffer, long offsetBytes, TensorData data) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment staging = arena.allocate(Math.max(1, data.bytes().byteSize()), 16)
                    .asSlice(0, data.bytes().byteSize());
            staging.copyFrom(data.bytes());
            stream.write(staging, buffer, offsetBytes);
        }
    }

    private void read(DeviceBuffer buffer, long offsetBytes, TensorData data) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment staging = arena.allocate(Math.max(1, data.bytes().byteSize()), 16)
                    .asSlice(0, data.bytes().byteSize());
            stream.read(buffer, offsetBytes, staging);
            data.bytes().copyFrom(staging);
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
