package dev.filigree.cpu.reference.ops.kvevict;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvEvict;
import java.lang.foreign.MemorySegment;

/** The definition of {@link KvEvict}: {@code staging[i] = pages[pageIds[i]]}, or back. */
public final class KvEvictReference implements HostKernel {
    private final KvEvict op;
    private final HostTensor pages;
    private final HostTensor pageIds;
    private final HostTensor staging;

    /** The kernel of one step. */
    public KvEvictReference(KvEvict op, HostKernelContext context) {
        this.op = op;
        pages = context.tensor(op.pages());
        pageIds = context.tensor(op.pageIds());
        staging = context.tensor(op.staging());
    }

    @Override
    public void run() {
        for (long i = 0; i < pageIds.extent(0); i++) {
            long inPool = pages.offsetBytes() + pages.at(pageIds.getInt(pageIds.at(i)));
            long inStaging = staging.offsetBytes() + staging.at(i);
            if (op.direction() == KvEvict.Direction.OUT) {
                MemorySegment.copy(pages.segment(), inPool, staging.segment(), inStaging, pages.extent(1));
            } else {
                MemorySegment.copy(staging.segment(), inStaging, pages.segment(), inPool, pages.extent(1));
            }
        }
    }
}
