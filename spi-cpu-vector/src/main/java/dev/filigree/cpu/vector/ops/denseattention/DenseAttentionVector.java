package dev.filigree.cpu.vector.ops.denseattention;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.attention.ContiguousSource;
import dev.filigree.cpu.vector.attention.FlashAttention;
import dev.filigree.cpu.vector.attention.VisibleKeys;
import dev.filigree.cpu.vector.common.AttentionTensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/** {@link DenseAttention} in tiles, see {@link FlashAttention}. */
public final class DenseAttentionVector implements HostKernel {
    private final AttentionTensors tensors;
    private final FlashAttention kernel;

    /** The kernel of one step. */
    public DenseAttentionVector(DenseAttention op, KernelSite site) {
        tensors = new AttentionTensors(site, op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets(), op.out(), op.lse());
        kernel = new FlashAttention(
                tensors.shape(op.heads(), op.scale()),
                visible(op),
                tensors.source(),
                null,
                tensors.maxSeqs(),
                site.pool());
    }

    /** What the tiled kernel needs. */
    public static ScratchNeed scratch(DenseAttention op, Tensors tensors, WorkerPool pool) {
        FlashAttention kernel = new FlashAttention(
                AttentionTensors.shape(op.heads(), op.scale(), tensors.get(op.q()), tensors.get(op.out())),
                visible(op),
                new ContiguousSource(FloatTensor.storage(tensors.get(op.k()).dtype())),
                null,
                0,
                pool);
        return ScratchNeed.shared(kernel.workspaceBytes());
    }

    private static VisibleKeys visible(DenseAttention op) {
        return VisibleKeys.dense(op.masking() == Masking.CAUSAL);
    }

    @Override
    public void run() {
        tensors.run(kernel);
    }
}
