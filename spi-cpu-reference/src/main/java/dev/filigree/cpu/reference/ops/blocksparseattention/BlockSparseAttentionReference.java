package dev.filigree.cpu.reference.ops.blocksparseattention;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.cpu.reference.common.AttentionRow;
import dev.filigree.cpu.reference.common.ContiguousKeyValues;

/**
 * The definition of {@link BlockSparseAttention}: a query sees the keys of the blocks chosen for its block row, as
 * far as the mask allows.
 */
public final class BlockSparseAttentionReference implements HostKernel {
    private final BlockSparseAttention op;
    private final HostTensor q;
    private final ContiguousKeyValues kv;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final HostTensor qBlockOffsets;
    private final HostTensor blockCounts;
    private final HostTensor blockIndices;
    private final HostTensor out;
    private final HostTensor lse;
    private final AttentionRow row;

    /** The kernel of one step. */
    public BlockSparseAttentionReference(BlockSparseAttention op, HostKernelContext context) {
        this.op = op;
        q = context.tensor(op.q());
        kv = new ContiguousKeyValues(context.tensor(op.k()), context.tensor(op.v()));
        qOffsets = context.tensor(op.qOffsets());
        kvOffsets = context.tensor(op.kvOffsets());
        qBlockOffsets = context.tensor(op.qBlockOffsets());
        blockCounts = context.tensor(op.blockCounts());
        blockIndices = context.tensor(op.blockIndices());
        out = context.tensor(op.out());
        lse = context.tensor(op.lse());
        long maxKeys = context.tensor(op.k()).decl().capacity(0);
        row = new AttentionRow(q.extent(2), out.extent(2), maxKeys);
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            for (int i = 0; i < op.heads().numServedQoHeads(); i++) {
                kv.point(kvOffsets.getInt(kvOffsets.at(s)), op.heads().kvSlot(i));
                head(s, op.heads().qoHead(i));
            }
        }
    }

    private void head(long s, int h) {
        int firstQuery = qOffsets.getInt(qOffsets.at(s));
        int lq = qOffsets.getInt(qOffsets.at(s + 1)) - firstQuery;
        int lk = kvOffsets.getInt(kvOffsets.at(s + 1)) - kvOffsets.getInt(kvOffsets.at(s));
        int firstBlock = Math.floorDiv(lk - lq, op.blockSize());
        for (int i = 0; i < lq; i++) {
            int position = i + (lk - lq);
            int blockRow = Math.floorDiv(position, op.blockSize()) - firstBlock;
            row.clear();
            seeChosen(qBlockOffsets.getInt(qBlockOffsets.at(s)) + blockRow, h, position, lk);
            long t = firstQuery + i;
            row.attend(q, q.at(t, h, 0), op.scale(), kv);
            row.store(out, out.at(t, h, 0), lse, lse.at(t, h));
        }
    }

    private void seeChosen(long blockRow, int h, int position, int lk) {
        int count = blockCounts.getInt(blockCounts.at(blockRow, h));
        for (int n = 0; n < count; n++) {
            long block = blockIndices.getInt(blockIndices.at(blockRow, h, n));
            long end = Math.min(lk, (block + 1) * op.blockSize());
            for (long j = block * op.blockSize(); j < end; j++) {
                if (op.masking() == Masking.BIDIRECTIONAL || j <= position) {
                    row.see((int) j);
                }
            }
        }
    }
}
