package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;

import dev.filigree.cpu.vector.elementwise.Exp2;
import dev.filigree.cpu.vector.lanes.LaneSum;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * One step of the online softmax (Milakov and Gimelshein 2018; FlashAttention algorithm 1) on a strip of rows: scores become
 * weights relative to the running maximum, and the factor comes out by which the sums so far shrink.
 *
 * <p>Scores are in units of log2. A score of -inf has weight 0. A row whose maximum is still -inf keeps it and gets weights
 * 0, except where the score is NaN: NaN passes every step and reaches the output of its row.
 */
public final class StripSoftmax {
    private StripSoftmax() {}

    /** Updates the running maximum; writes {@code old maximum - new maximum} where the factor of the row will stand. */
    public static void maxima(long scores, long stride, int rows, int columns, long max, long factors) {
        MemorySegment all = Memory.all();
        for (int r = 0; r < rows; r++) {
            FloatVector top = FloatVector.broadcast(Lanes.F32, Float.NEGATIVE_INFINITY);
            for (int c = 0; c < columns; c += Lanes.COUNT) {
                FloatVector x =
                        FloatVector.fromMemorySegment(Lanes.F32, all, scores + r * stride + 4L * c, Lanes.ORDER);
                top = top.blend(x, x.compare(GT, top));
            }
            float old = all.get(JAVA_FLOAT, max + 4L * r);
            float now = Math.max(old, top.reduceLanes(MAX));
            float base = now == Float.NEGATIVE_INFINITY ? 0f : now;
            all.set(JAVA_FLOAT, max + 4L * r, now);
            all.set(JAVA_FLOAT, factors + 4L * r, old - base);
        }
    }

    /** Turns scores into weights and folds their sum into the running one: {@code sum = factor * sum + weights}. */
    public static void weights(long scores, long stride, int rows, int columns, long max, long factors, long sums) {
        MemorySegment all = Memory.all();
        for (int r = 0; r < rows; r++) {
            float now = all.get(JAVA_FLOAT, max + 4L * r);
            float base = now == Float.NEGATIVE_INFINITY ? 0f : now;
            FloatVector total = FloatVector.zero(Lanes.F32);
            for (int c = 0; c < columns; c += Lanes.COUNT) {
                long at = scores + r * stride + 4L * c;
                FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, all, at, Lanes.ORDER)
                        .sub(base);
                FloatVector t = v.add(Exp2.ROUND);
                FloatVector f = v.sub(t.sub(Exp2.ROUND));
                FloatVector p = f.mul(Exp2.C6).add(Exp2.C5).fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C4));
                p = p.fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C3))
                        .fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C2));
                p = p.fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C1)).fma(f, FloatVector.broadcast(Lanes.F32, 1f));
                IntVector scale = t.reinterpretAsInts().sub(Exp2.BIAS).lanewise(LSHL, 23);
                p = p.mul(scale.reinterpretAsFloats()).blend(0f, v.compare(LT, Exp2.SMALLEST));
                p.intoMemorySegment(all, at, Lanes.ORDER);
                total = total.add(p);
            }
            float sum = all.get(JAVA_FLOAT, sums + 4L * r) * all.get(JAVA_FLOAT, factors + 4L * r);
            all.set(JAVA_FLOAT, sums + 4L * r, sum + LaneSum.of(total));
        }
    }
}
