package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.FMA;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * The two products of decode, on rows as they lie in a page: nothing is packed, because each key and value is used for the
 * few query heads of one group only. Operands are addresses of f32, strides are bytes. Scores and weights are {@code
 * [key][2]}: one vector holds all rows of some neighbouring keys.
 *
 * <p>Accumulators live in local variables of flat methods for the reason given in {@link
 * dev.filigree.cpu.vector.gemm.MicroKernel}; branches on the lane count are folded by the JIT. Sums across lanes are spelt
 * out, because the order in which the Vector API adds lanes differs between compiled and interpreted code, and a result
 * must not depend on that.
 */
final class DecodeKernel {
    /**
     * Query rows of one call. Larger groups take several: keys and values are in the nearest caches by then, and four rows
     * at once measured no faster where the JIT compiled them well, and three times slower where it did not.
     */
    static final int ROWS = 2;

    /** A tile of scores writes a whole vector, of which with 512 bits one half counts: so many f32 need room at the end. */
    static final int SPARE = 8;

    /** Sums of one tile: as many as are accumulated in 16 registers beside the queries. */
    private static final int SUMS = Math.min(8, Lanes.COUNT);

    private static final int KEYS = SUMS / ROWS;

    /**
     * Length of a row comes in steps of this many numbers: four vectors, so that keys are read in the order in which they
     * lie and the fetching of lines ahead keeps up.
     */
    static final int DEPTH = 4 * Lanes.COUNT;

    private static final VectorShuffle<Float> BY_8 = rotate(8);
    private static final VectorShuffle<Float> BY_4 = rotate(4);
    private static final VectorShuffle<Float> BY_2 = rotate(2);
    private static final VectorShuffle<Float> BY_1 = rotate(1);
    private static final VectorMask<Float> BIT_4 = mask(4);
    private static final VectorMask<Float> BIT_2 = mask(2);
    private static final VectorMask<Float> BIT_1 = mask(1);

    private DecodeKernel() {}

    /**
     * {@code scores[j][r] = q[r] . k[j]}; lanes along the depth. The sums of a tile are folded pair by pair: two vectors
     * become one that holds half of each, until each lane holds one sum.
     *
     * @param q0 address of the first query
     * @param qStride bytes from query to query
     * @param keys address of the first key
     * @param keyStride bytes from key to key
     * @param count keys, 1 or more; scores are written for whole tiles and {@link #SPARE} more
     * @param depth length of a row, a multiple of {@link #DEPTH}
     * @param scores address of the scores
     */
    static void scores(long q0, long qStride, long keys, long keyStride, int count, int depth, long scores) {
        MemorySegment all = Memory.all();
        for (int j = 0; j < count; j += KEYS) {
            long keyA = keys + j * keyStride;
            long keyB = keys + Math.min(j + 1, count - 1) * keyStride;
            long keyC = keys + Math.min(j + 2, count - 1) * keyStride;
            long keyD = keys + Math.min(j + 3, count - 1) * keyStride;
            FloatVector a0 = FloatVector.zero(Lanes.F32);
            FloatVector a1 = a0;
            FloatVector b0 = a0;
            FloatVector b1 = a0;
            FloatVector c0 = a0;
            FloatVector c1 = a0;
            FloatVector d0 = a0;
            FloatVector d1 = a0;
            for (int c = 0; c < depth; c += DEPTH) {
                long q = q0 + 4L * c;
                long k = keyA + 4L * c;
                FloatVector x0 = FloatVector.fromMemorySegment(Lanes.F32, all, q, Lanes.ORDER);
                FloatVector x1 = FloatVector.fromMemorySegment(Lanes.F32, all, q + Lanes.BYTES, Lanes.ORDER);
                FloatVector x2 = FloatVector.fromMemorySegment(Lanes.F32, all, q + 2L * Lanes.BYTES, Lanes.ORDER);
                FloatVector x3 = FloatVector.fromMemorySegment(Lanes.F32, all, q + 3L * Lanes.BYTES, Lanes.ORDER);
                FloatVector y0 = FloatVector.fromMemorySegment(Lanes.F32, all, q + qStride, Lanes.ORDER);
                FloatVector y1 = FloatVector.fromMemorySegment(Lanes.F32, all, q + qStride + Lanes.BYTES, Lanes.ORDER);
                FloatVector y2 =
                        FloatVector.fromMemorySegment(Lanes.F32, all, q + qStride + 2L * Lanes.BYTES, Lanes.ORDER);
                FloatVector y3 =
                        FloatVector.fromMemorySegment(Lanes.F32, all, q + qStride + 3L * Lanes.BYTES, Lanes.ORDER);
                FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, all, k, Lanes.ORDER);
                a0 = x0.fma(v, a0);
                a1 = y0.fma(v, a1);
                v = FloatVector.fromMemorySegment(Lanes.F32, all, k + Lanes.BYTES, Lanes.ORDER);
                a0 = x1.fma(v, a0);
                a1 = y1.fma(v, a1);
                v = FloatVector.fromMemorySegment(Lanes.F32, all, k + 2L * Lanes.BYTES, Lanes.ORDER);
                a0 = x2.fma(v, a0);
                a1 = y2.fma(v, a1);
                v = FloatVector.fromMemorySegment(Lanes.F32, all, k + 3L * Lanes.BYTES, Lanes.ORDER);
                a0 = x3.fma(v, a0);
                a1 = y3.fma(v, a1);
                k = keyB + 4L * c;
                v = FloatVector.fromMemorySegment(Lanes.F32, all, k, Lanes.ORDER);
                b0 = x0.fma(v, b0);
                b1 = y0.fma(v, b1);
                v = FloatVector.fromMemorySegment(Lanes.F32, all, k + Lanes.BYTES, Lanes.ORDER);
                b0 = x1.fma(v, b0);
                b1 = y1.fma(v, b1);
                v = FloatVector.fromMemorySegment(Lanes.F32, all, k + 2L * Lanes.BYTES, Lanes.ORDER);
                b0 = x2.fma(v, b0);
                b1 = y2.fma(v, b1);
                v = FloatVector.fromMemorySegment(Lanes.F32, all, k + 3L * Lanes.BYTES, Lanes.ORDER);
                b0 = x3.fma(v, b0);
                b1 = y3.fma(v, b1);
                if (Lanes.COUNT >= 8) {
                    k = keyC + 4L * c;
                    v = FloatVector.fromMemorySegment(Lanes.F32, all, k, Lanes.ORDER);
                    c0 = x0.fma(v, c0);
                    c1 = y0.fma(v, c1);
                    v = FloatVector.fromMemorySegment(Lanes.F32, all, k + Lanes.BYTES, Lanes.ORDER);
                    c0 = x1.fma(v, c0);
                    c1 = y1.fma(v, c1);
                    v = FloatVector.fromMemorySegment(Lanes.F32, all, k + 2L * Lanes.BYTES, Lanes.ORDER);
                    c0 = x2.fma(v, c0);
                    c1 = y2.fma(v, c1);
                    v = FloatVector.fromMemorySegment(Lanes.F32, all, k + 3L * Lanes.BYTES, Lanes.ORDER);
                    c0 = x3.fma(v, c0);
                    c1 = y3.fma(v, c1);
                    k = keyD + 4L * c;
                    v = FloatVector.fromMemorySegment(Lanes.F32, all, k, Lanes.ORDER);
                    d0 = x0.fma(v, d0);
                    d1 = y0.fma(v, d1);
                    v = FloatVector.fromMemorySegment(Lanes.F32, all, k + Lanes.BYTES, Lanes.ORDER);
                    d0 = x1.fma(v, d0);
                    d1 = y1.fma(v, d1);
                    v = FloatVector.fromMemorySegment(Lanes.F32, all, k + 2L * Lanes.BYTES, Lanes.ORDER);
                    d0 = x2.fma(v, d0);
                    d1 = y2.fma(v, d1);
                    v = FloatVector.fromMemorySegment(Lanes.F32, all, k + 3L * Lanes.BYTES, Lanes.ORDER);
                    d0 = x3.fma(v, d0);
                    d1 = y3.fma(v, d1);
                }
            }
            if (Lanes.COUNT >= 8) {
                a0 = a0.blend(c0, BIT_4).add(c0.blend(a0, BIT_4).rearrange(BY_4));
                a1 = a1.blend(c1, BIT_4).add(c1.blend(a1, BIT_4).rearrange(BY_4));
                b0 = b0.blend(d0, BIT_4).add(d0.blend(b0, BIT_4).rearrange(BY_4));
                b1 = b1.blend(d1, BIT_4).add(d1.blend(b1, BIT_4).rearrange(BY_4));
            }
            a0 = a0.blend(b0, BIT_2).add(b0.blend(a0, BIT_2).rearrange(BY_2));
            a1 = a1.blend(b1, BIT_2).add(b1.blend(a1, BIT_2).rearrange(BY_2));
            a0 = a0.blend(a1, BIT_1).add(a1.blend(a0, BIT_1).rearrange(BY_1));
            if (Lanes.COUNT == 16) {
                a0 = a0.add(a0.rearrange(BY_8));
            }
            a0.intoMemorySegment(all, scores + 8L * j, Lanes.ORDER);
        }
    }

    /**
     * {@code out[r] = factor[r] * out[r] + sum_j weights[j][r] v[j]}; lanes along the columns.
     *
     * @param weights address of the weights
     * @param values address of the first value
     * @param valueStride bytes from value to value
     * @param count values
     * @param columns width, a multiple of {@link Lanes#PANEL}
     * @param out address of the sums
     * @param outStride bytes from row to row of sums
     * @param factors address of one f32 a row
     */
    static void values(
            long weights,
            long values,
            long valueStride,
            int count,
            int columns,
            long out,
            long outStride,
            long factors) {
        int c = 0;
        // Whole rows of 64 in one pass: eight accumulators, each line fetched once.
        for (; columns - c >= 2 * Lanes.PANEL; c += 2 * Lanes.PANEL) {
            long at = 4L * c;
            pair(weights, values + at, valueStride, count, out + at, outStride, factors);
        }
        for (; c < columns; c += Lanes.PANEL) {
            long at = 4L * c;
            narrow(weights, values + at, valueStride, count, out + at, outStride, factors);
        }
    }

    private static void narrow(
            long weights, long values, long valueStride, int count, long out, long outStride, long factors) {
        MemorySegment all = Memory.all();
        float f = all.get(JAVA_FLOAT_UNALIGNED, factors);
        FloatVector a0 =
                FloatVector.fromMemorySegment(Lanes.F32, all, out, Lanes.ORDER).mul(f);
        FloatVector a1 = FloatVector.fromMemorySegment(Lanes.F32, all, out + Lanes.BYTES, Lanes.ORDER)
                .mul(f);
        float g = all.get(JAVA_FLOAT_UNALIGNED, factors + 4);
        long next = out + outStride;
        FloatVector b0 =
                FloatVector.fromMemorySegment(Lanes.F32, all, next, Lanes.ORDER).mul(g);
        FloatVector b1 = FloatVector.fromMemorySegment(Lanes.F32, all, next + Lanes.BYTES, Lanes.ORDER)
                .mul(g);
        for (int j = 0; j < count; j++) {
            long v = values + j * valueStride;
            long w = weights + 8L * j;
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, v, Lanes.ORDER);
            FloatVector y = FloatVector.fromMemorySegment(Lanes.F32, all, v + Lanes.BYTES, Lanes.ORDER);
            float e = all.get(JAVA_FLOAT_UNALIGNED, w);
            float h = all.get(JAVA_FLOAT_UNALIGNED, w + 4);
            a0 = x.lanewise(FMA, e, a0);
            a1 = y.lanewise(FMA, e, a1);
            b0 = x.lanewise(FMA, h, b0);
            b1 = y.lanewise(FMA, h, b1);
        }
        a0.intoMemorySegment(all, out, Lanes.ORDER);
        a1.intoMemorySegment(all, out + Lanes.BYTES, Lanes.ORDER);
        b0.intoMemorySegment(all, next, Lanes.ORDER);
        b1.intoMemorySegment(all, next + Lanes.BYTES, Lanes.ORDER);
    }

    private static void pair(
            long weights, long values, long valueStride, int count, long out, long outStride, long factors) {
        MemorySegment all = Memory.all();
        float f = all.get(JAVA_FLOAT_UNALIGNED, factors);
        FloatVector a0 =
                FloatVector.fromMemorySegment(Lanes.F32, all, out, Lanes.ORDER).mul(f);
        FloatVector a1 = FloatVector.fromMemorySegment(Lanes.F32, all, out + Lanes.BYTES, Lanes.ORDER)
                .mul(f);
        FloatVector a2 = FloatVector.fromMemorySegment(Lanes.F32, all, out + 2L * Lanes.BYTES, Lanes.ORDER)
                .mul(f);
        FloatVector a3 = FloatVector.fromMemorySegment(Lanes.F32, all, out + 3L * Lanes.BYTES, Lanes.ORDER)
                .mul(f);
        float g = all.get(JAVA_FLOAT_UNALIGNED, factors + 4);
        FloatVector b0 = FloatVector.fromMemorySegment(Lanes.F32, all, out + outStride, Lanes.ORDER)
                .mul(g);
        FloatVector b1 = FloatVector.fromMemorySegment(Lanes.F32, all, out + outStride + Lanes.BYTES, Lanes.ORDER)
                .mul(g);
        FloatVector b2 = FloatVector.fromMemorySegment(Lanes.F32, all, out + outStride + 2L * Lanes.BYTES, Lanes.ORDER)
                .mul(g);
        FloatVector b3 = FloatVector.fromMemorySegment(Lanes.F32, all, out + outStride + 3L * Lanes.BYTES, Lanes.ORDER)
                .mul(g);
        for (int j = 0; j < count; j++) {
            long v = values + j * valueStride;
            long w = weights + 8L * j;
            float e = all.get(JAVA_FLOAT_UNALIGNED, w);
            float h = all.get(JAVA_FLOAT_UNALIGNED, w + 4);
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, v, Lanes.ORDER);
            a0 = x.lanewise(FMA, e, a0);
            b0 = x.lanewise(FMA, h, b0);
            x = FloatVector.fromMemorySegment(Lanes.F32, all, v + Lanes.BYTES, Lanes.ORDER);
            a1 = x.lanewise(FMA, e, a1);
            b1 = x.lanewise(FMA, h, b1);
            x = FloatVector.fromMemorySegment(Lanes.F32, all, v + 2L * Lanes.BYTES, Lanes.ORDER);
            a2 = x.lanewise(FMA, e, a2);
            b2 = x.lanewise(FMA, h, b2);
            x = FloatVector.fromMemorySegment(Lanes.F32, all, v + 3L * Lanes.BYTES, Lanes.ORDER);
            a3 = x.lanewise(FMA, e, a3);
            b3 = x.lanewise(FMA, h, b3);
        }
        a0.intoMemorySegment(all, out, Lanes.ORDER);
        a1.intoMemorySegment(all, out + Lanes.BYTES, Lanes.ORDER);
        a2.intoMemorySegment(all, out + 2L * Lanes.BYTES, Lanes.ORDER);
        a3.intoMemorySegment(all, out + 3L * Lanes.BYTES, Lanes.ORDER);
        b0.intoMemorySegment(all, out + outStride, Lanes.ORDER);
        b1.intoMemorySegment(all, out + outStride + Lanes.BYTES, Lanes.ORDER);
        b2.intoMemorySegment(all, out + outStride + 2L * Lanes.BYTES, Lanes.ORDER);
        b3.intoMemorySegment(all, out + outStride + 3L * Lanes.BYTES, Lanes.ORDER);
    }

    /** Lane i takes lane {@code i ^ bit}. */
    private static VectorShuffle<Float> rotate(int bit) {
        return VectorShuffle.fromOp(Lanes.F32, i -> (i ^ bit) & (Lanes.COUNT - 1));
    }

    /** Lanes whose number has the bit. */
    private static VectorMask<Float> mask(int bit) {
        boolean[] lanes = new boolean[Lanes.COUNT];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = (i & bit) != 0;
        }
        return VectorMask.fromArray(Lanes.F32, lanes, 0);
    }
}
