package dev.filigree.cpu.vector.ops.layernorm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.LayerNorm;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.lanes.LaneSum;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * {@link LayerNorm}. The mean comes in two steps, a first guess and the mean of the differences from it, so that a large
 * offset common to a row costs no digits.
 */
public final class LayerNormVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor x;
    private final @Nullable FloatTensor weight;
    private final @Nullable FloatTensor bias;
    private final FloatTensor out;
    private final float eps;
    private final int n;
    private final RowLoop loop;

    /** The kernel of one step. */
    public LayerNormVector(LayerNorm op, KernelSite site) {
        this.site = site;
        x = site.floats(op.x());
        weight = op.weight().map(site::floats).orElse(null);
        bias = op.bias().map(site::floats).orElse(null);
        out = site.floats(op.out());
        eps = op.eps();
        n = Math.toIntExact(x.tensor().extent(x.tensor().decl().rank() - 1));
        loop = new RowLoop(site.pool(), 2L * x.rowElements(), this::rows);
    }

    /** Weight, bias, a row in, a row out. */
    public static ScratchNeed scratch(LayerNorm op, Tensors tensors) {
        return ScratchNeed.perWorker(16 * tensors.get(op.x()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        x.point();
        out.point();
        if (weight != null) {
            weight.point();
        }
        if (bias != null) {
            bias.point();
        }
        loop.run(x.rows());
    }

    private void rows(int worker, long first, long end) {
        long factors = site.worker(worker);
        long offsets = factors + 4L * n;
        long scratch = offsets + 4L * n;
        readOr(weight, 1f, factors);
        readOr(bias, 0f, offsets);
        for (long t = first; t < end; t++) {
            long from = x.row(t, scratch);
            long to = out.target(t, scratch + 4L * x.rowElements());
            for (int start = 0; start < x.rowElements(); start += n) {
                normalise(from + 4L * start, factors, offsets, to + 4L * start);
            }
            out.store(t, to);
        }
    }

    private void readOr(@Nullable FloatTensor vector, float otherwise, long target) {
        if (vector != null) {
            vector.readVector(target);
        } else {
            Clear.fill(target, n, otherwise);
        }
    }

    private void normalise(long from, long factors, long offsets, long to) {
        float guess = sum(from, 0f, n) / n;
        float rest = sum(from, guess, n) / n;
        float mean = guess + rest;
        // The part of the guess's correction that f32 cannot add to it; the differences take it in.
        float lost = rest - (mean - guess);
        double variance = squares(from, mean, lost, n) / (double) n;
        scale(from, mean, lost, (float) (1 / Math.sqrt(variance + eps)), factors, offsets, to, n);
    }

    private static float sum(long x, float less, int count) {
        MemorySegment all = Memory.all();
        FloatVector sum = FloatVector.zero(Lanes.F32);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            sum = sum.add(FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER)
                    .sub(less));
        }
        float total = LaneSum.of(sum);
        for (int i = whole; i < count; i++) {
            total += all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i) - less;
        }
        return total;
    }

    private static float squares(long x, float mean, float lost, int count) {
        MemorySegment all = Memory.all();
        FloatVector sum = FloatVector.zero(Lanes.F32);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector d = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER)
                    .sub(mean)
                    .sub(lost);
            sum = d.fma(d, sum);
        }
        float total = LaneSum.of(sum);
        for (int i = whole; i < count; i++) {
            float d = all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i) - mean - lost;
            total = Math.fma(d, d, total);
        }
        return total;
    }

    private static void scale(
            long x, float mean, float lost, float factor, long weight, long bias, long out, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector w = FloatVector.fromMemorySegment(Lanes.F32, all, weight + 4L * i, Lanes.ORDER);
            FloatVector b = FloatVector.fromMemorySegment(Lanes.F32, all, bias + 4L * i, Lanes.ORDER);
            FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER)
                    .sub(mean)
                    .sub(lost)
                    .mul(factor)
                    .fma(w, b)
                    .intoMemorySegment(all, out + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float v = (all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i) - mean - lost) * factor;
            float w = all.get(JAVA_FLOAT_UNALIGNED, weight + 4L * i);
            all.set(JAVA_FLOAT_UNALIGNED, out + 4L * i, Math.fma(v, w, all.get(JAVA_FLOAT_UNALIGNED, bias + 4L * i)));
        }
    }
}
