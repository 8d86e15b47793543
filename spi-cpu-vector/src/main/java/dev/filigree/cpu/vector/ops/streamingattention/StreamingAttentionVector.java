package dev.filigree.cpu.vector.ops.streamingattention;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.attention.ContiguousSource;
import dev.filigree.cpu.vector.attention.FlashAttention;
import dev.filigree.cpu.vector.attention.VisibleKeys;
import dev.filigree.cpu.vector.common.AttentionTensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.Indices;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/** {@link StreamingAttention} in tiles, see {@link FlashAttention}. */
public final class StreamingAttentionVector implements HostKernel {
    private final AttentionTensors tensors;
    private final FlashAttention kernel;
    private final VisibleKeys visible;
    private final @Nullable HostTensor qPositions;
    private final @Nullable HostTensor kvPositions;

    /** The kernel of one step. */
    public StreamingAttentionVector(StreamingAttention op, KernelSite site) {
        tensors = new AttentionTensors(site, op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets(), op.out(), op.lse());
        visible = visible(op);
        qPositions = op.qPositions().map(site::tensor).orElse(null);
        kvPositions = op.kvPositions().map(site::tensor).orElse(null);
        kernel = new FlashAttention(
                tensors.shape(op.heads(), op.scale()), visible, tensors.source(), null, tensors.maxSeqs(), site.pool());
    }

    /** What the tiled kernel needs. */
    public static ScratchNeed scratch(StreamingAttention op, Tensors tensors, WorkerPool pool) {
        FlashAttention kernel = new FlashAttention(
                AttentionTensors.shape(op.heads(), op.scale(), tensors.get(op.q()), tensors.get(op.out())),
                visible(op),
                new ContiguousSource(FloatTensor.storage(tensors.get(op.k()).dtype())),
                null,
                0,
                pool);
        return ScratchNeed.shared(kernel.workspaceBytes());
    }

    private static VisibleKeys visible(StreamingAttention op) {
        return VisibleKeys.streaming(op.pattern().sink(), op.pattern().recent());
    }

    @Override
    public void run() {
        visible.positions(
                qPositions == null ? 0 : Indices.address(qPositions),
                kvPositions == null ? 0 : Indices.address(kvPositions));
        tensors.run(kernel);
    }
}
