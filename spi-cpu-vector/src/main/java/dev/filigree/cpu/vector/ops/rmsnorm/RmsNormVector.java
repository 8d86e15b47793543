package dev.filigree.cpu.vector.ops.rmsnorm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.LaneSum;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link RmsNorm}: two passes over each row, both over the first-level cache. */
public final class RmsNormVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor x;
    private final FloatTensor weight;
    private final FloatTensor out;
    private final float eps;
    private final int n;
    private final RowLoop loop;

    /** The kernel of one step. */
    public RmsNormVector(RmsNorm op, KernelSite site) {
        this.site = site;
        x = site.floats(op.x());
        weight = site.floats(op.weight());
        out = site.floats(op.out());
        eps = op.eps();
        n = Math.toIntExact(weight.tensor().extent(0));
        loop = new RowLoop(site.pool(), x.rowElements(), this::rows);
    }

    /** The weight, a row in, a row out. */
    public static ScratchNeed scratch(RmsNorm op, Tensors tensors) {
        long row = tensors.get(op.x()).rowElements();
        return ScratchNeed.perWorker(4 * (tensors.get(op.weight()).capacity(0) + 2 * row));
    }

    @Override
    public void run() {
        site.point();
        x.point();
        weight.point();
        out.point();
        loop.run(x.rows());
    }

    private void rows(int worker, long first, long end) {
        long factors = site.worker(worker);
        long scratch = factors + 4L * n;
        weight.readVector(factors);
        for (long t = first; t < end; t++) {
            long from = x.row(t, scratch);
            long to = out.target(t, scratch + 4L * x.rowElements());
            for (int start = 0; start < x.rowElements(); start += n) {
                float squares = squares(from + 4L * start, n);
                float factor = (float) (1 / Math.sqrt((double) squares / n + eps));
                scale(from + 4L * start, factor, factors, to + 4L * start, n);
            }
            out.store(t, to);
        }
    }

    private static float squares(long x, int count) {
        MemorySegment all = Memory.all();
        FloatVector sum = FloatVector.zero(Lanes.F32);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER);
            sum = v.fma(v, sum);
        }
        float total = LaneSum.of(sum);
        for (int i = whole; i < count; i++) {
            float v = all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i);
            total = Math.fma(v, v, total);
        }
        return total;
    }

    private static void scale(long x, float factor, long weight, long out, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector w = FloatVector.fromMemorySegment(Lanes.F32, all, weight + 4L * i, Lanes.ORDER);
            FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER)
                    .mul(factor)
                    .mul(w)
                    .intoMemorySegment(all, out + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float v = all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i) * factor;
            all.set(JAVA_FLOAT_UNALIGNED, out + 4L * i, v * all.get(JAVA_FLOAT_UNALIGNED, weight + 4L * i));
        }
    }
}
