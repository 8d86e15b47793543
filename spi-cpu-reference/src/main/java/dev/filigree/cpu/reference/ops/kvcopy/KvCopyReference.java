package dev.filigree.cpu.reference.ops.kvcopy;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvCopy;
import java.lang.foreign.MemorySegment;

/** The definition of {@link KvCopy}: {@code pages[targets[i]] = pages[sources[i]]}. */
public final class KvCopyReference implements HostKernel {
    private final HostTensor pages;
    private final HostTensor sources;
    private final HostTensor targets;

    /** The kernel of one step. */
    public KvCopyReference(KvCopy op, HostKernelContext context) {
        pages = context.tensor(op.pages());
        sources = context.tensor(op.sources());
        targets = context.tensor(op.targets());
    }

    @Override
    public void run() {
        for (long i = 0; i < sources.extent(0); i++) {
            long from = pages.offsetBytes() + pages.at(sources.getInt(sources.at(i)));
            long to = pages.offsetBytes() + pages.at(targets.getInt(targets.at(i)));
            MemorySegment.copy(pages.segment(), from, pages.segment(), to, pages.extent(1));
        }
    }
}
