package dev.filigree.cpu.vector.ops.blocksparseattention;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.attention.BlockLists;
import dev.filigree.cpu.vector.attention.ContiguousSource;
import dev.filigree.cpu.vector.attention.FlashAttention;
import dev.filigree.cpu.vector.attention.VisibleKeys;
import dev.filigree.cpu.vector.common.AttentionTensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.Indices;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/** {@link BlockSparseAttention} in tiles, see {@link FlashAttention}. */
public final class BlockSparseAttentionVector implements HostKernel {
    private final AttentionTensors tensors;
    private final FlashAttention kernel;
    private final BlockLists lists;
    private final HostTensor rowOffsets;
    private final HostTensor counts;
    private final HostTensor indices;

    /** The kernel of one step. */
    public BlockSparseAttentionVector(BlockSparseAttention op, KernelSite site) {
        tensors = new AttentionTensors(site, op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets(), op.out(), op.lse());
        lists = new BlockLists(op.blockSize());
        rowOffsets = site.tensor(op.qBlockOffsets());
        counts = site.tensor(op.blockCounts());
        indices = site.tensor(op.blockIndices());
        kernel = new FlashAttention(
                tensors.shape(op.heads(), op.scale()),
                visible(op),
                tensors.source(),
                lists,
                tensors.maxSeqs(),
                site.pool());
    }

    /** What the tiled kernel needs. */
    public static ScratchNeed scratch(BlockSparseAttention op, Tensors tensors, WorkerPool pool) {
        FlashAttention kernel = new FlashAttention(
                AttentionTensors.shape(op.heads(), op.scale(), tensors.get(op.q()), tensors.get(op.out())),
                visible(op),
                new ContiguousSource(FloatTensor.storage(tensors.get(op.k()).dtype())),
                new BlockLists(op.blockSize()),
                0,
                pool);
        return ScratchNeed.shared(kernel.workspaceBytes());
    }

    private static VisibleKeys visible(BlockSparseAttention op) {
        return VisibleKeys.dense(op.masking() == Masking.CAUSAL);
    }

    @Override
    public void run() {
        AttentionTensors.check("qBlockOffsets", rowOffsets, counts.extent(0));
        lists.rowOffsets(Indices.address(rowOffsets));
        lists.counts(address(counts), 4 * counts.stride(0), 4 * counts.stride(1), counts.extent(0));
        lists.indices(address(indices), 4 * indices.stride(0), 4 * indices.stride(1), indices.extent(2));
        tensors.run(kernel);
    }

    private static long address(HostTensor list) {
        return Memory.address(list.segment(), list.offsetBytes(), 0);
    }
}
