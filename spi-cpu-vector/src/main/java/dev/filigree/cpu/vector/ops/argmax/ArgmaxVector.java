package dev.filigree.cpu.vector.ops.argmax;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Argmax;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.elementwise.Largest;

/** {@link Argmax}. */
public final class ArgmaxVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor logits;
    private final HostTensor tokens;
    private final RowLoop loop;

    /** The kernel of one step. */
    public ArgmaxVector(Argmax op, KernelSite site) {
        this.site = site;
        logits = site.floats(op.logits());
        tokens = site.tensor(op.tokens());
        loop = new RowLoop(site.pool(), logits.rowElements(), this::rows);
    }

    /** One row. */
    public static ScratchNeed scratch(Argmax op, Tensors tensors) {
        return ScratchNeed.perWorker(4 * tensors.get(op.logits()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        logits.point();
        loop.run(logits.rows());
    }

    private void rows(int worker, long first, long end) {
        for (long s = first; s < end; s++) {
            long row = logits.row(s, site.worker(worker));
            tokens.setInt(tokens.at(s), Largest.index(row, logits.rowElements()));
        }
    }
}
