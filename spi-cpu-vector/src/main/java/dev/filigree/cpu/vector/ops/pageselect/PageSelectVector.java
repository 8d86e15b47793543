package dev.filigree.cpu.vector.ops.pageselect;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.ChosenLists;
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
    private final ChosenLists lists;
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
        lists = new ChosenLists(op.choice(), site, op.budgetPages(), op.reuseInterval(), op.pageSize());
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
        pool.parallelFor(Math.toIntExact(lists.numSeqs() * listsPerSequence), listTask);
    }

    private void list(int worker, int task) {
        long s = task / listsPerSequence;
        int list = op.heads().qoHead(task % listsPerSequence * headsPerList) / headsPerList;
        int kvLength = kvLengths.getInt(kvLengths.at(s));
        int numPages = Math.ceilDiv(kvLength, op.pageSize());
        boolean[] mine = chosen[worker];
        if (lists.holdsAll(kvLength)) {
            Arrays.fill(mine, 0, numPages, true);
            lists.store(s, list, mine, numPages);
        } else if (lists.isReplaced(s, list, kvLength)) {
            choose(mine, heaps[worker], s, list, numPages);
            lists.store(s, list, mine, numPages);
        } else {
            lists.grow(s, list, kvLength);
        }
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
}
