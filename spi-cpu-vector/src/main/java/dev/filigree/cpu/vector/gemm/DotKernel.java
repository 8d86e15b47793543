package dev.filigree.cpu.vector.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.cpu.vector.lanes.LaneSum;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Inner products of few tokens with many weight rows, lanes along the depth, nothing packed: each weight is read once. Operands are
 * addresses of f32, depth contiguous; strides are bytes. Rows that do not exist are read as the last one
 * that does, so the target needs room for a full tile.
 */
public final class DotKernel {
    /** Weight rows of {@link #one}. */
    public static final int ONE_ROWS = 8;

    /** Tokens of {@link #two}. */
    public static final int TWO_TOKENS = 2;

    /** Weight rows of {@link #two}. */
    public static final int TWO_ROWS = 4;

    /** Tokens of {@link #four}. */
    public static final int FOUR_TOKENS = 4;

    /** Weight rows of {@link #four}. */
    public static final int FOUR_ROWS = 3;

    private DotKernel() {}

    /**
     * One token times {@value #ONE_ROWS} weight rows.
     *
     * @param a0 address of the token
     * @param b0 address of the first weight row
     * @param bStride bytes from weight row to weight row
     * @param rows weight rows that exist, 1 or more
     * @param depth length of a row, a multiple of {@link Lanes#COUNT}
     * @param c0 address of the results; {@value #ONE_ROWS} contiguous f32 are written
     */
    public static void one(long a0, long b0, long bStride, int rows, int depth, long c0) {
        MemorySegment all = Memory.all();
        long b1 = b0 + Math.min(1, rows - 1) * bStride;
        long b2 = b0 + Math.min(2, rows - 1) * bStride;
        long b3 = b0 + Math.min(3, rows - 1) * bStride;
        long b4 = b0 + Math.min(4, rows - 1) * bStride;
        long b5 = b0 + Math.min(5, rows - 1) * bStride;
        long b6 = b0 + Math.min(6, rows - 1) * bStride;
        long b7 = b0 + Math.min(7, rows - 1) * bStride;
        FloatVector s0 = FloatVector.zero(Lanes.F32);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        for (int k = 0; k < depth; k += Lanes.COUNT) {
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, a0 + 4L * k, Lanes.ORDER);
            s0 = FloatVector.fromMemorySegment(Lanes.F32, all, b0 + 4L * k, Lanes.ORDER)
                    .fma(x, s0);
            s1 = FloatVector.fromMemorySegment(Lanes.F32, all, b1 + 4L * k, Lanes.ORDER)
                    .fma(x, s1);
            s2 = FloatVector.fromMemorySegment(Lanes.F32, all, b2 + 4L * k, Lanes.ORDER)
                    .fma(x, s2);
            s3 = FloatVector.fromMemorySegment(Lanes.F32, all, b3 + 4L * k, Lanes.ORDER)
                    .fma(x, s3);
            s4 = FloatVector.fromMemorySegment(Lanes.F32, all, b4 + 4L * k, Lanes.ORDER)
                    .fma(x, s4);
            s5 = FloatVector.fromMemorySegment(Lanes.F32, all, b5 + 4L * k, Lanes.ORDER)
                    .fma(x, s5);
            s6 = FloatVector.fromMemorySegment(Lanes.F32, all, b6 + 4L * k, Lanes.ORDER)
                    .fma(x, s6);
            s7 = FloatVector.fromMemorySegment(Lanes.F32, all, b7 + 4L * k, Lanes.ORDER)
                    .fma(x, s7);
        }
        LaneSum.eight(all, c0, c0 + 16, s0, s1, s2, s3, s4, s5, s6, s7);
    }

    /**
     * Two tokens times {@value #TWO_ROWS} weight rows: for rows short enough that sums across lanes count.
     *
     * @param a0 address of the first token
     * @param aStride bytes from token to token
     * @param tokens tokens that exist, 1 or more
     * @param b0 address of the first weight row
     * @param bStride bytes from weight row to weight row
     * @param rows weight rows that exist, 1 or more
     * @param depth length of a row, a multiple of {@link Lanes#COUNT}
     * @param c0 address of the results; {@value #TWO_TOKENS} rows of {@value #TWO_ROWS} f32 are written
     * @param cStride bytes from result row to result row
     */
    public static void two(
            long a0, long aStride, int tokens, long b0, long bStride, int rows, int depth, long c0, long cStride) {
        MemorySegment all = Memory.all();
        long a1 = a0 + Math.min(1, tokens - 1) * aStride;
        long b1 = b0 + Math.min(1, rows - 1) * bStride;
        long b2 = b0 + Math.min(2, rows - 1) * bStride;
        long b3 = b0 + Math.min(3, rows - 1) * bStride;
        FloatVector s00 = FloatVector.zero(Lanes.F32);
        FloatVector s01 = s00;
        FloatVector s02 = s00;
        FloatVector s03 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s12 = s00;
        FloatVector s13 = s00;
        for (int k = 0; k < depth; k += Lanes.COUNT) {
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, a0 + 4L * k, Lanes.ORDER);
            FloatVector y = FloatVector.fromMemorySegment(Lanes.F32, all, a1 + 4L * k, Lanes.ORDER);
            FloatVector w = FloatVector.fromMemorySegment(Lanes.F32, all, b0 + 4L * k, Lanes.ORDER);
            s00 = w.fma(x, s00);
            s10 = w.fma(y, s10);
            w = FloatVector.fromMemorySegment(Lanes.F32, all, b1 + 4L * k, Lanes.ORDER);
            s01 = w.fma(x, s01);
            s11 = w.fma(y, s11);
            w = FloatVector.fromMemorySegment(Lanes.F32, all, b2 + 4L * k, Lanes.ORDER);
            s02 = w.fma(x, s02);
            s12 = w.fma(y, s12);
            w = FloatVector.fromMemorySegment(Lanes.F32, all, b3 + 4L * k, Lanes.ORDER);
            s03 = w.fma(x, s03);
            s13 = w.fma(y, s13);
        }
        LaneSum.eight(all, c0, c0 + cStride, s00, s01, s02, s03, s10, s11, s12, s13);
    }

    /**
     * Four tokens times {@value #FOUR_ROWS} weight rows.
     *
     * @param a0 address of the first token
     * @param aStride bytes from token to token
     * @param tokens tokens that exist, 1 or more
     * @param b0 address of the first weight row
     * @param bStride bytes from weight row to weight row
     * @param rows weight rows that exist, 1 or more
     * @param depth length of a row, a multiple of {@link Lanes#COUNT}
     * @param c0 address of the results; {@value #FOUR_TOKENS} rows of {@value #FOUR_ROWS} f32 are written
     * @param cStride bytes from result row to result row
     */
    public static void four(
            long a0, long aStride, int tokens, long b0, long bStride, int rows, int depth, long c0, long cStride) {
        MemorySegment all = Memory.all();
        long a1 = a0 + Math.min(1, tokens - 1) * aStride;
        long a2 = a0 + Math.min(2, tokens - 1) * aStride;
        long a3 = a0 + Math.min(3, tokens - 1) * aStride;
        long b1 = b0 + Math.min(1, rows - 1) * bStride;
        long b2 = b0 + Math.min(2, rows - 1) * bStride;
        FloatVector s00 = FloatVector.zero(Lanes.F32);
        FloatVector s01 = s00;
        FloatVector s02 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s12 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s22 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        FloatVector s32 = s00;
        for (int k = 0; k < depth; k += Lanes.COUNT) {
            FloatVector w0 = FloatVector.fromMemorySegment(Lanes.F32, all, b0 + 4L * k, Lanes.ORDER);
            FloatVector w1 = FloatVector.fromMemorySegment(Lanes.F32, all, b1 + 4L * k, Lanes.ORDER);
            FloatVector w2 = FloatVector.fromMemorySegment(Lanes.F32, all, b2 + 4L * k, Lanes.ORDER);
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, a0 + 4L * k, Lanes.ORDER);
            s00 = w0.fma(x, s00);
            s01 = w1.fma(x, s01);
            s02 = w2.fma(x, s02);
            x = FloatVector.fromMemorySegment(Lanes.F32, all, a1 + 4L * k, Lanes.ORDER);
            s10 = w0.fma(x, s10);
            s11 = w1.fma(x, s11);
            s12 = w2.fma(x, s12);
            x = FloatVector.fromMemorySegment(Lanes.F32, all, a2 + 4L * k, Lanes.ORDER);
            s20 = w0.fma(x, s20);
            s21 = w1.fma(x, s21);
            s22 = w2.fma(x, s22);
            x = FloatVector.fromMemorySegment(Lanes.F32, all, a3 + 4L * k, Lanes.ORDER);
            s30 = w0.fma(x, s30);
            s31 = w1.fma(x, s31);
            s32 = w2.fma(x, s32);
        }
        all.set(JAVA_FLOAT_UNALIGNED, c0, LaneSum.of(s00));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + 4, LaneSum.of(s01));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + 8, LaneSum.of(s02));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + cStride, LaneSum.of(s10));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + cStride + 4, LaneSum.of(s11));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + cStride + 8, LaneSum.of(s12));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + 2 * cStride, LaneSum.of(s20));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + 2 * cStride + 4, LaneSum.of(s21));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + 2 * cStride + 8, LaneSum.of(s22));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + 3 * cStride, LaneSum.of(s30));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + 3 * cStride + 4, LaneSum.of(s31));
        all.set(JAVA_FLOAT_UNALIGNED, c0 + 3 * cStride + 8, LaneSum.of(s32));
    }
}
