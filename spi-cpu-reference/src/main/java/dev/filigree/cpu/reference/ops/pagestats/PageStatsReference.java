package dev.filigree.cpu.reference.ops.pagestats;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.PageStats;
import dev.filigree.cpu.reference.common.PageBounds;
import dev.filigree.cpu.reference.common.PagePool;

/** The definition of {@link PageStats}: the bounds of the stored keys, logical page by logical page. */
public final class PageStatsReference implements HostKernel {
    private final PageStats op;
    private final PagePool pool;
    private final PageBounds bounds;
    private final HostTensor fromLengths;
    private final HostTensor kvLengths;
    private final float[] key;

    /** The kernel of one step. */
    public PageStatsReference(PageStats op, HostKernelContext context) {
        this.op = op;
        pool = new PagePool(op.kv(), context);
        bounds = new PageBounds(op.kv().layout());
        fromLengths = context.tensor(op.fromLengths());
        kvLengths = context.tensor(op.kvLengths());
        key = new float[op.kv().layout().headDimQk()];
    }

    @Override
    public void run() {
        KvPageLayout layout = op.kv().layout();
        for (long s = 0; s < kvLengths.extent(0); s++) {
            long from = fromLengths.getInt(fromLengths.at(s));
            long end = kvLengths.getInt(kvLengths.at(s));
            if (from >= end) {
                continue;
            }
            long lastPage = (end - 1) / layout.pageSize();
            for (long p = from / layout.logicalPageSize() * layout.logicalPageSize(); p < end; p++) {
                if (op.kv().addressing().isResident(p / layout.pageSize(), lastPage)) {
                    include(s, p);
                }
            }
        }
    }

    private void include(long s, long position) {
        long page = pool.pageOffset(s, position);
        int slot = pool.slot(position);
        for (int head = 0; head < op.kv().layout().numHeads(); head++) {
            pool.keys().read(pool.bytes(), page, head, slot, key);
            bounds.include(pool.bytes(), page, head, slot, key);
        }
    }
}
