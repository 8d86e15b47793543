package dev.filigree.cpu.vector.ops.gelu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/** {@link Gelu} in fp64, one number at a time on all threads: its tail needs digits that fp32 steps would lose. */
public final class GeluVector implements HostKernel {
    /** An exponential in fp64 costs about this many additions. */
    private static final int WORK = 64;

    private static final double TANH_SLOPE = Math.sqrt(2 / Math.PI);

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
        MemorySegment all = Memory.all();
        for (long t = first; t < end; t++) {
            long from = x.row(t, scratch);
            long to = out.target(t, scratch + 4L * n);
            for (int c = 0; c < n; c++) {
                double v = all.get(JAVA_FLOAT_UNALIGNED, from + 4L * c);
                all.set(JAVA_FLOAT_UNALIGNED, to + 4L * c, (float) (exact ? v / 2 * erfc(-v / Math.sqrt(2)) : tanh(v)));
            }
            out.store(t, to);
        }
    }

    /** {@code x/2 * (1 + tanh(u)) = x / (1 + exp(-2u))}, which keeps its digits where tanh is close to -1. */
    private static double tanh(double x) {
        return x / (1 + Math.exp(-2 * TANH_SLOPE * (x + 0.044715 * x * x * x)));
    }

    /**
     * The complementary error function, to 1.2e-7 of its own value: a Chebyshev fit in {@code t = 1 / (1 + |z|/2)} (Press et
     * al. 1992, section 6.2).
     */
    private static double erfc(double z) {
        double t = 1 / (1 + Math.abs(z) / 2);
        double fit = 0.17087277;
        fit = fit * t - 0.82215223;
        fit = fit * t + 1.48851587;
        fit = fit * t - 1.13520398;
        fit = fit * t + 0.27886807;
        fit = fit * t - 0.18628806;
        fit = fit * t + 0.09678418;
        fit = fit * t + 0.37409196;
        fit = fit * t + 1.00002368;
        fit = fit * t - 1.26551223;
        double tail = t * Math.exp(-z * z + fit);
        return z >= 0 ? tail : 2 - tail;
    }
}
