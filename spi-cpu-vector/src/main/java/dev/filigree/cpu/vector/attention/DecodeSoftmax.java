package dev.filigree.cpu.vector.attention;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.filigree.cpu.vector.elementwise.Exp2;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * One step of the online softmax (Milakov and Gimelshein 2018) on the 2 rows of a strip whose scores are {@code [key][2]}, in
 * units of log2. Maxima stand in every lane of their row; sums stay spread over the lanes of their row until the end. A score of
 * -inf has weight 0; NaN passes every step.
 */
final class DecodeSoftmax {
    private static final VectorShuffle<Float> BY_8 = VectorShuffle.fromOp(Lanes.F32, i -> (i ^ 8) & (Lanes.COUNT - 1));
    private static final VectorShuffle<Float> BY_4 = VectorShuffle.fromOp(Lanes.F32, i -> (i ^ 4) & (Lanes.COUNT - 1));

    private static final VectorShuffle<Float> BY_2 = VectorShuffle.fromOp(Lanes.F32, i -> i ^ 2);

    private DecodeSoftmax() {}

    /**
     * Turns scores into weights relative to the running maxima, folds their sums into the running ones, and writes the
     * factors by which outputs so far shrink.
     *
     * @param scores address of the scores
     * @param count scores, a multiple of {@link Lanes#COUNT}
     * @param max address of a vector of maxima
     * @param sum address of a vector of sums
     * @param factors address of a vector of factors to write
     */
    static void step(long scores, int count, long max, long sum, long factors) {
        MemorySegment all = Memory.all();
        FloatVector old = FloatVector.fromMemorySegment(Lanes.F32, all, max, Lanes.ORDER);
        FloatVector top = old;
        for (int c = 0; c < count; c += Lanes.COUNT) {
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, scores + 4L * c, Lanes.ORDER);
            top = top.blend(x, x.compare(GT, top));
        }
        if (Lanes.COUNT == 16) {
            top = top.max(top.rearrange(BY_8));
        }
        if (Lanes.COUNT >= 8) {
            top = top.max(top.rearrange(BY_4));
        }
        top = top.max(top.rearrange(BY_2));
        top.intoMemorySegment(all, max, Lanes.ORDER);
        FloatVector base = top.blend(0f, top.compare(EQ, Float.NEGATIVE_INFINITY));
        FloatVector total = FloatVector.zero(Lanes.F32);
        for (int c = 0; c < count; c += Lanes.COUNT) {
            long at = scores + 4L * c;
            FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, all, at, Lanes.ORDER)
                    .sub(base);
            FloatVector t = v.add(Exp2.ROUND);
            FloatVector f = v.sub(t.sub(Exp2.ROUND));
            FloatVector p = f.mul(Exp2.C6).add(Exp2.C5).fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C4));
            p = p.fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C3)).fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C2));
            p = p.fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C1)).fma(f, FloatVector.broadcast(Lanes.F32, 1f));
            IntVector scale = t.reinterpretAsInts().sub(Exp2.BIAS).lanewise(LSHL, 23);
            p = p.mul(scale.reinterpretAsFloats()).blend(0f, v.compare(LT, Exp2.SMALLEST));
            p.intoMemorySegment(all, at, Lanes.ORDER);
            total = total.add(p);
        }
        old.sub(base).intoMemorySegment(all, factors, Lanes.ORDER);
        Exp2.inPlace(factors, Lanes.COUNT);
        FloatVector factor = FloatVector.fromMemorySegment(Lanes.F32, all, factors, Lanes.ORDER);
        FloatVector.fromMemorySegment(Lanes.F32, all, sum, Lanes.ORDER)
                .fma(factor, total)
                .intoMemorySegment(all, sum, Lanes.ORDER);
    }

    /**
     * Merges the maxima and sums of two states over disjoint keys, and writes the factors of their outputs.
     *
     * @param max address of a vector of maxima, merged in place
     * @param sum address of a vector of sums, merged in place
     * @param otherMax the other maxima
     * @param otherSum the other sums
     * @param keep address of a vector of factors of the first outputs
     * @param take address of a vector of factors of the other outputs
     */
    static void merge(long max, long sum, long otherMax, long otherSum, long keep, long take) {
        MemorySegment all = Memory.all();
        FloatVector mine = FloatVector.fromMemorySegment(Lanes.F32, all, max, Lanes.ORDER);
        FloatVector other = FloatVector.fromMemorySegment(Lanes.F32, all, otherMax, Lanes.ORDER);
        FloatVector now = mine.blend(other, other.compare(GT, mine));
        FloatVector base = now.blend(0f, now.compare(EQ, Float.NEGATIVE_INFINITY));
        now.intoMemorySegment(all, max, Lanes.ORDER);
        mine.sub(base).intoMemorySegment(all, keep, Lanes.ORDER);
        other.sub(base).intoMemorySegment(all, take, Lanes.ORDER);
        Exp2.inPlace(keep, Lanes.COUNT);
        Exp2.inPlace(take, Lanes.COUNT);
        FloatVector.fromMemorySegment(Lanes.F32, all, sum, Lanes.ORDER)
                .mul(FloatVector.fromMemorySegment(Lanes.F32, all, keep, Lanes.ORDER))
                .add(FloatVector.fromMemorySegment(Lanes.F32, all, otherSum, Lanes.ORDER)
                        .mul(FloatVector.fromMemorySegment(Lanes.F32, all, take, Lanes.ORDER)))
                .intoMemorySegment(all, sum, Lanes.ORDER);
    }
}
