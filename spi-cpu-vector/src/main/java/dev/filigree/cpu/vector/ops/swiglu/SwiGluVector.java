package dev.filigree.cpu.vector.ops.swiglu;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.elementwise.Sigmoid;

/** {@link SwiGlu}. */
public final class SwiGluVector implements HostKernel {
    /** An exponential and a division cost about this many additions. */
    private static final int WORK = 4;

    private final KernelSite site;
    private final FloatTensor gate;
    private final FloatTensor up;
    private final FloatTensor out;
    private final RowLoop loop;

    /** The kernel of one step. */
    public SwiGluVector(SwiGlu op, KernelSite site) {
        this.site = site;
        gate = site.floats(op.gate());
        up = site.floats(op.up());
        out = site.floats(op.out());
        loop = new RowLoop(site.pool(), (long) WORK * gate.rowElements(), this::rows);
    }

    /** Three rows. */
    public static ScratchNeed scratch(SwiGlu op, Tensors tensors) {
        return ScratchNeed.perWorker(12 * tensors.get(op.gate()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        gate.point();
        up.point();
        out.point();
        loop.run(gate.rows());
    }

    private void rows(int worker, long first, long end) {
        int n = gate.rowElements();
        long scratch = site.worker(worker);
        for (long t = first; t < end; t++) {
            long to = out.target(t, scratch + 8L * n);
            Sigmoid.gate(gate.row(t, scratch), up.row(t, scratch + 4L * n), to, n);
            out.store(t, to);
        }
    }
}
