package dev.filigree.cpu.reference.ops.pageselect;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageSelect;
import java.util.Arrays;

/** The definition of {@link PageSelect}: sink, newest and the best of the rest (LServe sections 3.4.1 and 3.4.3). */
public final class PageSelectReference implements HostKernel {
    private final PageSelect op;
    private final HostTensor scores;
    private final HostTensor kvLengths;
    private final HostTensor counts;
    private final HostTensor pages;
    private final HostTensor slots;
    private final boolean[] chosen;

    /** The kernel of one step. */
    public PageSelectReference(PageSelect op, HostKernelContext context) {
        this.op = op;
        scores = context.tensor(op.scores());
        kvLengths = context.tensor(op.kvLengths());
        counts = context.tensor(op.choice().counts());
        pages = context.tensor(op.choice().pages());
        slots = context.tensor(op.choice().slots());
        chosen = new boolean[Math.toIntExact(scores.extent(2))];
    }

    @Override
    public void run() {
        boolean perHead = op.choice().scope() == SelectionScope.QUERY_HEAD;
        int headsPerList = perHead ? 1 : op.heads().groupSize();
        for (long s = 0; s < slots.extent(0); s++) {
            for (int i = 0; i < op.heads().numServedQoHeads(); i += headsPerList) {
                list(s, op.heads().qoHead(i) / headsPerList);
            }
        }
    }

    private void list(long s, int list) {
        int kvLength = kvLengths.getInt(kvLengths.at(s));
        int numPages = Math.ceilDiv(kvLength, op.pageSize());
        long slot = slots.getInt(slots.at(s));
        int count = counts.getInt(counts.at(slot, list));
        if (numPages <= op.budgetPages()) {
            Arrays.fill(chosen, 0, numPages, true);
            store(slot, list, numPages);
        } else if (kvLength % op.reuseInterval() == 0 || !canGrow(slot, list, count, numPages)) {
            choose(s, list, numPages);
            store(slot, list, numPages);
        } else {
            int newest = pages.getInt(pages.at(slot, list, count - 1));
            for (int page = newest + 1; page < numPages; page++) {
                pages.setInt(pages.at(slot, list, count++), page);
            }
            counts.setInt(counts.at(slot, list), count);
        }
    }

    /** Whether a stored list exists, ends at or before the newest page, and has room for the pages opened since. */
    private boolean canGrow(long slot, int list, int count, int numPages) {
        if (count == 0) {
            return false;
        }
        int opened = numPages - 1 - pages.getInt(pages.at(slot, list, count - 1));
        return opened >= 0 && count + opened <= pages.extent(2);
    }

    private void choose(long s, int list, int numPages) {
        int kept = 0;
        for (int page = 0; page < numPages; page++) {
            chosen[page] = page < op.sinkPages() || page == numPages - 1;
            kept += chosen[page] ? 1 : 0;
        }
        for (; kept < op.budgetPages(); kept++) {
            int best = -1;
            for (int page = 0; page < numPages; page++) {
                if (!chosen[page] && (best < 0 || Float.compare(score(s, list, page), score(s, list, best)) > 0)) {
                    best = page;
                }
            }
            chosen[best] = true;
        }
    }

    /** A score whose order by {@link Float#compare} is that of the rule: NaN above all, -0 equal to 0. */
    private float score(long s, int list, int page) {
        return scores.get(scores.at(s, list, page)) + 0f;
    }

    private void store(long slot, int list, int numPages) {
        int count = 0;
        for (int page = 0; page < numPages; page++) {
            if (chosen[page]) {
                pages.setInt(pages.at(slot, list, count++), page);
            }
        }
        counts.setInt(counts.at(slot, list), count);
    }
}
