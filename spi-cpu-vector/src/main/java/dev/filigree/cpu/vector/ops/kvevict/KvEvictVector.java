package dev.filigree.cpu.vector.ops.kvevict;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvEvict;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import java.lang.foreign.MemorySegment;

/** {@link KvEvict}: pages shared out between workers. */
public final class KvEvictVector implements HostKernel {
    private final boolean outwards;
    private final HostTensor pages;
    private final HostTensor pageIds;
    private final HostTensor staging;
    private final RowLoop loop;

    /** The kernel of one step. */
    public KvEvictVector(KvEvict op, KernelSite site) {
        outwards = op.direction() == KvEvict.Direction.OUT;
        pages = site.tensor(op.pages());
        pageIds = site.tensor(op.pageIds());
        staging = site.tensor(op.staging());
        loop = new RowLoop(site.pool(), pages.extent(1), this::rows);
    }

    /** Nothing. */
    public static ScratchNeed scratch(KvEvict op, Tensors tensors) {
        return ScratchNeed.NONE;
    }

    @Override
    public void run() {
        loop.run(pageIds.extent(0));
    }

    private void rows(int worker, long first, long end) {
        for (long i = first; i < end; i++) {
            long inPool = pages.offsetBytes() + pages.at(pageIds.getInt(pageIds.at(i)));
            long inStaging = staging.offsetBytes() + staging.at(i);
            if (outwards) {
                MemorySegment.copy(pages.segment(), inPool, staging.segment(), inStaging, pages.extent(1));
            } else {
                MemorySegment.copy(staging.segment(), inStaging, pages.segment(), inPool, pages.extent(1));
            }
        }
    }
}
