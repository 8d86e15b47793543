package dev.filigree.host.engine;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** The input arrays of a prepared plan: written on the host side by side, copied to the backend at once. */
final class StepInputs implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment staging;
    private final DeviceBuffer buffer;
    private final List<Field> fields = new ArrayList<>();
    private final List<Axis> axes = new ArrayList<>();

    private record Field(long offset, StepFields.Writer writer) {}

    private record Axis(String name, ToLongFunction<Step> extent) {}

    StepInputs(Plan plan, KvCachePlan kv, BufferScope scope, RunBindings bindings) {
        HostLayout layout = HostLayout.of(plan, TensorRole.INPUT);
        StepFields known = new StepFields(kv);
        staging = arena.allocate(Math.max(8, layout.sizeBytes()), BufferScope.ALIGNMENT_BYTES);
        buffer = scope.allocate(staging.byteSize());
        layout.offsets().forEach((ref, offset) -> {
            bindings.bind(ref, buffer, offset);
            fields.add(new Field(offset, known.writer(plan.tensors().get(ref))));
        });
        plan.variableAxes().forEach(axis -> axes.add(new Axis(axis, known.extent(axis))));
    }

    /** Writes the arrays and extents of a step. */
    void load(Step step, ExecutionStream stream, RunBindings bindings) {
        for (int i = 0; i < axes.size(); i++) {
            bindings.axis(axes.get(i).name(), axes.get(i).extent().applyAsLong(step));
        }
        for (int i = 0; i < fields.size(); i++) {
            fields.get(i).writer().write(step, staging, fields.get(i).offset());
        }
        stream.write(staging, buffer, 0);
    }

    @Override
    public void close() {
        arena.close();
    }
}
