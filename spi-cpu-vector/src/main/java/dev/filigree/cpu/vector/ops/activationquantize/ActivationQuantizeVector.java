package dev.filigree.cpu.vector.ops.activationquantize;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lowbit.QuantizeRows;

/** {@link ActivationQuantize}, one token at a time on all threads. */
public final class ActivationQuantizeVector implements HostKernel {
    /** Work of one element, in additions: two divisions and the packing. */
    private static final int WORK = 8;

    private final KernelSite site;
    private final FloatTensor x;
    private final QuantizeRows rows;
    private final RowLoop loop;

    /** The kernel of one step. */
    public ActivationQuantizeVector(ActivationQuantize op, KernelSite site) {
        this.site = site;
        x = site.floats(op.x());
        rows = new QuantizeRows(op, site);
        loop = new RowLoop(site.pool(), (long) WORK * x.rowElements(), this::rows);
    }

    /** What x is divided by, and two rows per worker. */
    public static ScratchNeed scratch(ActivationQuantize op, Tensors tensors) {
        long rowBytes = 4 * tensors.get(op.x()).rowElements();
        return new ScratchNeed(rowBytes, 2 * rowBytes);
    }

    @Override
    public void run() {
        site.point();
        x.point();
        rows.point(site.shared());
        loop.run(x.rows());
    }

    private void rows(int worker, long first, long end) {
        long scratch = site.worker(worker);
        for (long t = first; t < end; t++) {
            rows.row(t, x.row(t, scratch), site.shared(), scratch + 4L * x.rowElements());
        }
    }
}
