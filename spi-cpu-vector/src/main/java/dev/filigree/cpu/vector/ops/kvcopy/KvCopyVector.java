package dev.filigree.cpu.vector.ops.kvcopy;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvCopy;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import java.lang.foreign.MemorySegment;

/** {@link KvCopy}: pages shared out between workers. */
public final class KvCopyVector implements HostKernel {
    private final HostTensor pages;
    private final HostTensor sources;
    private final HostTensor targets;
    private final RowLoop loop;

    /** The kernel of one step. */
    public KvCopyVector(KvCopy op, KernelSite site) {
        pages = site.tensor(op.pages());
        sources = site.tensor(op.sources());
        targets = site.tensor(op.targets());
        loop = new RowLoop(site.pool(), pages.extent(1), this::rows);
    }

    /** Nothing. */
    public static ScratchNeed scratch(KvCopy op, Tensors tensors) {
        return ScratchNeed.NONE;
    }

    @Override
    public void run() {
        loop.run(sources.extent(0));
    }

    private void rows(int worker, long first, long end) {
        for (long i = first; i < end; i++) {
            long from = pages.offsetBytes() + pages.at(sources.getInt(sources.at(i)));
            long to = pages.offsetBytes() + pages.at(targets.getInt(targets.at(i)));
            MemorySegment.copy(pages.segment(), from, pages.segment(), to, pages.extent(1));
        }
    }
}
