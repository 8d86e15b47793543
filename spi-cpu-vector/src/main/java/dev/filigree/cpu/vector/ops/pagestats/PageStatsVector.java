package dev.filigree.cpu.vector.ops.pagestats;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.PageStats;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.PageBounds;
import dev.filigree.cpu.vector.common.PagePool;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/** {@link PageStats}: a task is one head of one sequence, its tokens in order. */
public final class PageStatsVector implements HostKernel {
    private final PageStats op;
    private final KernelSite site;
    private final PagePool pool;
    private final PageBounds bounds;
    private final HostTensor fromLengths;
    private final HostTensor kvLengths;
    private final WorkerPool.Body headTask = this::head;

    /** The kernel of one step. */
    public PageStatsVector(PageStats op, KernelSite site) {
        this.op = op;
        this.site = site;
        pool = new PagePool(op.kv(), site);
        bounds = new PageBounds(op.kv().layout());
        fromLengths = site.tensor(op.fromLengths());
        kvLengths = site.tensor(op.kvLengths());
    }

    /** A key. */
    public static ScratchNeed scratch(PageStats op, Tensors tensors) {
        return ScratchNeed.perWorker(4L * op.kv().layout().headDimQk());
    }

    @Override
    public void run() {
        site.point();
        pool.point();
        int numHeads = pool.layout().numHeads();
        site.pool().parallelFor(Math.toIntExact(kvLengths.extent(0) * numHeads), headTask);
    }

    private void head(int worker, int task) {
        KvPageLayout layout = pool.layout();
        long s = task / layout.numHeads();
        int head = task % layout.numHeads();
        long from = fromLengths.getInt(fromLengths.at(s));
        long end = kvLengths.getInt(kvLengths.at(s));
        long lastPage = (end - 1) / layout.pageSize();
        long key = site.worker(worker);
        if (from >= end) {
            return;
        }
        for (long p = from / layout.logicalPageSize() * layout.logicalPageSize(); p < end; p++) {
            long number = p / layout.pageSize();
            if (op.kv().addressing().isResident(number, lastPage)) {
                int slot = (int) (p % layout.pageSize());
                long page = pool.page(s, number);
                pool.keys().read(page, head, slot, 1, key, 4L * layout.headDimQk());
                bounds.include(page, head, slot, key);
            }
        }
    }
}
