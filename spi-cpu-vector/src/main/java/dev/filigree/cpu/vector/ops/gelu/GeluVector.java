package dev.filigree.cpu.vector.ops.gelu;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.elementwise.GeluCurve;

/** {@link Gelu}, one number at a time on all threads. */
public final class GeluVector implements HostKernel {
    /** An exponential in fp64 costs about this many additions. */
    private static final int WORK = 64;

    private final KernelSite site;
    private final FloatTensor x;
    private final FloatTensor out;
    private final boolean exact;
    private final RowLoop loop;

    /** The kernel of one step. */
    public GeluVector(Gelu op, KernelSite site) {
        this.site = site;
        x = site.floats(op.x());
        out = site.floats(op.out());
        exact = op.form() == Gelu.Form.ERF;
        loop = new RowLoop(site.pool(), (long) WORK * x.rowElements(), this::rows);
    }

    /** Two rows. */
    public static ScratchNeed scratch(Gelu op, Tensors tensors) {
        return ScratchNeed.perWorker(8 * tensors.get(op.x()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        x.point();
        out.point();
        loop.run(x.rows());
    }

    private void rows(int worker, long first, long end) {
        int n = x.rowElements();
        long scratch = site.worker(worker);
        for (long t = first; t < end; t++) {
            long from = x.row(t, scratch);
            long to = out.target(t, scratch + 4L * n);
            GeluCurve.apply(exact, from, to, n);
            out.store(t, to);
        }
    }
}
