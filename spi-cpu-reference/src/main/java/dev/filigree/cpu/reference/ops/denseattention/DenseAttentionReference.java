package dev.filigree.cpu.reference.ops.denseattention;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.cpu.reference.common.AttentionRow;
import dev.filigree.cpu.reference.common.ContiguousKeyValues;

/** The definition of {@link DenseAttention}: query i of Lq sees key j of Lk iff {@code j <= i + (Lk - Lq)}, or all. */
public final class DenseAttentionReference implements HostKernel {
    private final DenseAttention op;
    private final HostTensor q;
    private final ContiguousKeyValues kv;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final HostTensor out;
    private final HostTensor lse;
    private final AttentionRow row;

    /** The kernel of one step. */
    public DenseAttentionReference(DenseAttention op, HostKernelContext context) {
        this.op = op;
        q = context.tensor(op.q());
        kv = new ContiguousKeyValues(context.tensor(op.k()), context.tensor(op.v()));
        qOffsets = context.tensor(op.qOffsets());
        kvOffsets = context.tensor(op.kvOffsets());
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
        for (int i = 0; i < lq; i++) {
            row.clear();
            for (int j = 0; j < lk; j++) {
                if (op.masking() == Masking.BIDIRECTIONAL || j <= i + (lk - lq)) {
                    row.see(j);
                }
            }
            long t = firstQuery + i;
            row.attend(q, q.at(t, h, 0), op.scale(), kv);
            row.store(out, out.at(t, h, 0), lse, lse.at(t, h));
        }
    }
}
