package dev.filigree.cpu.reference.ops.streamingattention;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.cpu.reference.common.AttentionRow;
import dev.filigree.cpu.reference.common.ContiguousKeyValues;
import org.jspecify.annotations.Nullable;

/**
 * The definition of {@link StreamingAttention}: the query at position p sees the key at position j iff {@code j <= p}
 * and ({@code j < sink} or {@code j > p - recent}).
 */
public final class StreamingAttentionReference implements HostKernel {
    private final StreamingAttention op;
    private final HostTensor q;
    private final ContiguousKeyValues kv;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final @Nullable HostTensor qPositions;
    private final @Nullable HostTensor kvPositions;
    private final HostTensor out;
    private final HostTensor lse;
    private final AttentionRow row;

    /** The kernel of one step. */
    public StreamingAttentionReference(StreamingAttention op, HostKernelContext context) {
        this.op = op;
        q = context.tensor(op.q());
        kv = new ContiguousKeyValues(context.tensor(op.k()), context.tensor(op.v()));
        qOffsets = context.tensor(op.qOffsets());
        kvOffsets = context.tensor(op.kvOffsets());
        qPositions =
                op.qPositions().isPresent() ? context.tensor(op.qPositions().get()) : null;
        kvPositions =
                op.kvPositions().isPresent() ? context.tensor(op.kvPositions().get()) : null;
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
        int firstKey = kvOffsets.getInt(kvOffsets.at(s));
        int lk = kvOffsets.getInt(kvOffsets.at(s + 1)) - firstKey;
        for (int i = 0; i < lq; i++) {
            long t = firstQuery + i;
            long position = qPositions == null ? i + (lk - lq) : qPositions.getInt(qPositions.at(t));
            row.clear();
            for (int j = 0; j < lk; j++) {
                long key = kvPositions == null ? j : kvPositions.getInt(kvPositions.at((long) firstKey + j));
                if (op.pattern().sees(position, key)) {
                    row.see(j);
                }
            }
            row.attend(q, q.at(t, h, 0), op.scale(), kv);
            row.store(out, out.at(t, h, 0), lse, lse.at(t, h));
        }
    }
}
