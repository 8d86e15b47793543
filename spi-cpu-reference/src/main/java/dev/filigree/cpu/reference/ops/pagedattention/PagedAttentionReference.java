package dev.filigree.cpu.reference.ops.pagedattention;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.cpu.reference.common.AttentionRow;
import dev.filigree.cpu.reference.common.PagePool;
import dev.filigree.cpu.reference.common.PagedKeyValues;
import org.jspecify.annotations.Nullable;

/**
 * The definition of {@link PagedAttention}: the query at position p sees the keys up to p that the pattern and the
 * chosen pages allow.
 */
public final class PagedAttentionReference implements HostKernel {
    private final PagedAttention op;
    private final PagedKeyValues kv;
    private final HostTensor q;
    private final HostTensor qOffsets;
    private final HostTensor kvLengths;
    private final @Nullable ChosenPages choice;
    private final HostTensor out;
    private final HostTensor lse;
    private final AttentionRow row;

    private record ChosenPages(
            HostTensor counts, HostTensor pages, HostTensor slots, PageChoice.SelectionScope scope) {}

    /** The kernel of one step. */
    public PagedAttentionReference(PagedAttention op, HostKernelContext context) {
        this.op = op;
        PagePool pool = new PagePool(op.kv(), context);
        kv = new PagedKeyValues(pool);
        q = context.tensor(op.q());
        qOffsets = context.tensor(op.qOffsets());
        kvLengths = context.tensor(op.kvLengths());
        choice = op.choice()
                .map(c -> new ChosenPages(
                        context.tensor(c.counts()), context.tensor(c.pages()), context.tensor(c.slots()), c.scope()))
                .orElse(null);
        out = context.tensor(op.out());
        lse = context.tensor(op.lse());
        row = new AttentionRow(q.extent(2), out.extent(2), pool.maxResidentTokens());
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            for (int i = 0; i < op.heads().numServedQoHeads(); i++) {
                kv.point(s, op.heads().kvSlot(i));
                head(s, op.heads().qoHead(i));
            }
        }
    }

    private void head(long s, int h) {
        long first = qOffsets.getInt(qOffsets.at(s));
        long end = qOffsets.getInt(qOffsets.at(s + 1));
        for (long t = first; t < end; t++) {
            long position = kvLengths.getInt(kvLengths.at(s)) - (end - t);
            row.clear();
            if (choice == null) {
                seeRange(0, position, position);
            } else {
                seeChosen(choice, s, h, position);
            }
            row.attend(q, q.at(t, h, 0), op.scale(), kv);
            row.store(out, out.at(t, h, 0), lse, lse.at(t, h));
        }
    }

    private void seeChosen(ChosenPages c, long s, int h, long position) {
        int pageSize = op.kv().layout().pageSize();
        long slot = c.slots().getInt(c.slots().at(s));
        int list = c.scope() == PageChoice.SelectionScope.QUERY_HEAD
                ? h
                : h / op.heads().groupSize();
        int count = c.counts().getInt(c.counts().at(slot, list));
        for (int n = 0; n < count; n++) {
            long page = c.pages().getInt(c.pages().at(slot, list, n));
            seeRange(page * pageSize, Math.min(position, (page + 1) * pageSize - 1), position);
        }
    }

    private void seeRange(long firstKey, long lastKey, long position) {
        for (long j = firstKey; j <= lastKey; j++) {
            if (!(op.pattern() instanceof HeadPattern.Streaming streaming) || streaming.sees(position, j)) {
                row.see((int) j);
            }
        }
    }
}
