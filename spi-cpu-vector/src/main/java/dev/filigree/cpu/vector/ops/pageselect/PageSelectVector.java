package dev.filigree.cpu.vector.ops.pageselect;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.LongHeap;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.util.Arrays;

/** {@link PageSelect}: a task is one list; the best pages come from a heap. */
public final class PageSelectVector implements HostKernel {
    private final PageSelect op;
    private final WorkerPool pool;
    private final HostTensor scores;
    private final HostTensor kvLengths;
    private final HostTensor counts;
    private final HostTensor pages;
    private final HostTensor slots;
    private final int headsPerList;
    private final int listsPerSequence;
    private final boolean[][] chosen;
    private final LongHeap[] heaps;
    private final WorkerPool.Body listTask = this::list;

    /** The kernel of one step. */
    public PageSelectVector(PageSelect op, KernelSite site) {
        this.op = op;
        pool = site.pool();
        scores = site.tensor(op.scores());
        kvLengths = site.tensor(op.kvLengths());
        counts = site.tensor(op.choice().counts());
        pages = site.tensor(op.choice().pages());
        slots = site.tensor(op.choice().slots());
        headsPerList = op.choice().scope() == SelectionScope.QUERY_HEAD
                ? 1
                : op.heads().groupSize();
        listsPerSequence = op.heads().numServedQoHeads() / headsPerList;
        int maxPages = Math.toIntExact(scores.decl().capacity(2));
        chosen = new boolean[pool.numWorkers()][Math.max(maxPages, op.budgetPages())];
        heaps = new LongHeap[pool.numWorkers()];
        for (int worker = 0; worker < heaps.length; worker++) {
            heaps[worker] = new LongHeap(maxPages);
        }
    }

    /** Nothing. */
    public static ScratchNeed scratch(PageSelect op, Tensors tensors) {
        return ScratchNeed.NONE;
    }

    @Override
    public void run() {
        pool.parallelFor(Math.toIntExact(slots.extent(0) * listsPerSequence), listTask);
    }

    private void list(int worker, int task) {
        long s = task / listsPerSequence;
        int list = op.heads().qoHead(task % listsPerSequence * headsPerList) / headsPerList;
        int kvLength = kvLengths.getInt(kvLengths.at(s));
        int numPages = Math.ceilDiv(kvLength, op.pageSize());
        long slot = slots.getInt(slots.at(s));
        int count = counts.getInt(counts.at(slot, list));
        boolean[] mine = chosen[worker];
        if (numPages <= op.budgetPages()) {
            Arrays.fill(mine, 0, numPages, true);
            store(mine, slot, list, numPages);
        } else if (kvLength % op.reuseInterval() == 0 || !canGrow(slot, list, count, numPages)) {
            choose(mine, heaps[worker], s, list, numPages);
            store(mine, slot, list, numPages);
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

    private void choose(boolean[] mine, LongHeap heap, long s, int list, int numPages) {
        int kept = 0;
        heap.clear();
        for (int page = 0; page < numPages; page++) {
            mine[page] = page < op.sinkPages() || page == numPages - 1;
            if (mine[page]) {
                kept++;
            } else {
                heap.put(LongHeap.key(scores.get(scores.at(s, list, page)), page));
            }
        }
        heap.order();
        for (; kept < op.budgetPages(); kept++) {
            mine[LongHeap.index(heap.take())] = true;
        }
    }

    private void store(boolean[] mine, long slot, int list, int numPages) {
        int count = 0;
        for (int page = 0; page < numPages; page++) {
            if (mine[page]) {
                pages.setInt(pages.at(slot, list, count++), page);
            }
        }
        counts.setInt(counts.at(slot, list), count);
    }
}
