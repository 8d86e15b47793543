package dev.filigree.host.engine;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.decoder.DecoderTensors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The outputs of a prepared plan, read back row by row. */
final class StepOutputs implements StepResults, AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final ExecutionStream stream;
    private final HostLayout layout;
    private final DeviceBuffer buffer;
    private final MemorySegment row;
    private final MemorySegment tokens;

    StepOutputs(Plan plan, BufferScope scope, RunBindings bindings, ExecutionStream stream) {
        this.stream = stream;
        layout = HostLayout.of(plan, TensorRole.OUTPUT);
        buffer = scope.allocate(layout.sizeBytes());
        layout.offsets().forEach((ref, offset) -> bindings.bind(ref, buffer, offset));
        long widest = layout.decls().values().stream()
                .mapToLong(TensorDecl::rowElements)
                .max()
                .orElse(1);
        row = arena.allocate(4 * widest, 8);
        TensorDecl drawn = layout.decls().get(DecoderTensors.NEXT_TOKENS);
        tokens = arena.allocate(drawn == null ? 4 : drawn.capacityBytes(), 8);
    }

    /** Waits for the step and fetches the drawn tokens. */
    void fetch(Step step) {
        Long offset = layout.offsets().get(DecoderTensors.NEXT_TOKENS);
        if (offset != null) {
            stream.read(buffer, offset, tokens.asSlice(0, 4L * step.numSeqs()));
        }
        stream.synchronize();
    }

    @Override
    public int nextToken(int seq) {
        return tokens.get(ValueLayout.JAVA_INT, 4L * seq);
    }

    @Override
    public void logits(int index, float[] target) {
        read(DecoderTensors.LOGITS, index, target);
    }

    @Override
    public void state(int index, int token, float[] target) {
        read(DecoderTensors.state(index), token, target);
    }

    private void read(TensorRef ref, int index, float[] target) {
        TensorDecl decl = layout.decls().get(ref);
        Long offset = layout.offsets().get(ref);
        if (decl == null || offset == null) {
            throw new PlanException("the step has outputs " + layout.offsets().keySet() + ", not " + ref);
        }
        long width = decl.rowElements();
        MemorySegment bytes = row.asSlice(0, decl.dtype().bytes(width));
        stream.read(buffer, offset + index * decl.dtype().bytes(width), bytes);
        for (int i = 0; i < width; i++) {
            target[i] = HostTensor.load(bytes, 0, decl.dtype(), i);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
