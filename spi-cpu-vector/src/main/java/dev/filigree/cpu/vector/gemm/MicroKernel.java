package dev.filigree.cpu.vector.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.FMA;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The inner product of everything dense: {@value #ROWS} rows of A times one packed panel of B, two vectors wide.
 *
 * <p>Twelve accumulators live in local variables of one flat method, because the JIT spills or boxes vectors that cross a
 * call; that is also why the methods are longer than others and repeat themselves. Six by two vectors leaves registers for
 * B and the broadcast on machines with 16 vector registers.
 *
 * <p>Operands are addresses, strides are bytes. A is f32, row-major, depth contiguous; B is f32,
 * {@code [depth, Lanes.PANEL]}; C is f32, row-major. Rows of A at and after {@code rows} are not read (the last valid one
 * is read again), but C always gets {@value #ROWS} rows.
 */
public final class MicroKernel {
    /** Rows of one call. */
    public static final int ROWS = 6;

    private MicroKernel() {}

    /** C = A B. */
    public static void overwrite(long a0, long aStride, int rows, long b0, int depth, long c0, long cStride) {
        MemorySegment all = Memory.all();
        long a1 = a0 + Math.min(1, rows - 1) * aStride;
        long a2 = a0 + Math.min(2, rows - 1) * aStride;
        long a3 = a0 + Math.min(3, rows - 1) * aStride;
        long a4 = a0 + Math.min(4, rows - 1) * aStride;
        long a5 = a0 + Math.min(5, rows - 1) * aStride;
        FloatVector c00 = FloatVector.zero(Lanes.F32);
        FloatVector c01 = c00;
        FloatVector c10 = c00;
        FloatVector c11 = c00;
        FloatVector c20 = c00;
        FloatVector c21 = c00;
        FloatVector c30 = c00;
        FloatVector c31 = c00;
        FloatVector c40 = c00;
        FloatVector c41 = c00;
        FloatVector c50 = c00;
        FloatVector c51 = c00;
        for (int k = 0; k < depth; k++) {
            long row = b0 + (long) Lanes.PANEL_BYTES * k;
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, row, Lanes.ORDER);
            FloatVector y = FloatVector.fromMemorySegment(Lanes.F32, all, row + Lanes.BYTES, Lanes.ORDER);
            float e = all.get(JAVA_FLOAT_UNALIGNED, a0 + 4L * k);
            c00 = x.lanewise(FMA, e, c00);
            c01 = y.lanewise(FMA, e, c01);
            e = all.get(JAVA_FLOAT_UNALIGNED, a1 + 4L * k);
            c10 = x.lanewise(FMA, e, c10);
            c11 = y.lanewise(FMA, e, c11);
            e = all.get(JAVA_FLOAT_UNALIGNED, a2 + 4L * k);
            c20 = x.lanewise(FMA, e, c20);
            c21 = y.lanewise(FMA, e, c21);
            e = all.get(JAVA_FLOAT_UNALIGNED, a3 + 4L * k);
            c30 = x.lanewise(FMA, e, c30);
            c31 = y.lanewise(FMA, e, c31);
            e = all.get(JAVA_FLOAT_UNALIGNED, a4 + 4L * k);
            c40 = x.lanewise(FMA, e, c40);
            c41 = y.lanewise(FMA, e, c41);
            e = all.get(JAVA_FLOAT_UNALIGNED, a5 + 4L * k);
            c50 = x.lanewise(FMA, e, c50);
            c51 = y.lanewise(FMA, e, c51);
        }
        c00.intoMemorySegment(all, c0, Lanes.ORDER);
        c01.intoMemorySegment(all, c0 + Lanes.BYTES, Lanes.ORDER);
        c10.intoMemorySegment(all, c0 + cStride, Lanes.ORDER);
        c11.intoMemorySegment(all, c0 + cStride + Lanes.BYTES, Lanes.ORDER);
        c20.intoMemorySegment(all, c0 + 2 * cStride, Lanes.ORDER);
        c21.intoMemorySegment(all, c0 + 2 * cStride + Lanes.BYTES, Lanes.ORDER);
        c30.intoMemorySegment(all, c0 + 3 * cStride, Lanes.ORDER);
        c31.intoMemorySegment(all, c0 + 3 * cStride + Lanes.BYTES, Lanes.ORDER);
        c40.intoMemorySegment(all, c0 + 4 * cStride, Lanes.ORDER);
        c41.intoMemorySegment(all, c0 + 4 * cStride + Lanes.BYTES, Lanes.ORDER);
        c50.intoMemorySegment(all, c0 + 5 * cStride, Lanes.ORDER);
        c51.intoMemorySegment(all, c0 + 5 * cStride + Lanes.BYTES, Lanes.ORDER);
    }

    /**
     * C = diag(scale) C + A B. C is read last, so that the loads run ahead under the arithmetic.
     *
     * @param s0 address of six f32 factors, one a row
     */
    public static void accumulate(long a0, long aStride, int rows, long b0, int depth, long c0, long cStride, long s0) {
        MemorySegment all = Memory.all();
        long a1 = a0 + Math.min(1, rows - 1) * aStride;
        long a2 = a0 + Math.min(2, rows - 1) * aStride;
        long a3 = a0 + Math.min(3, rows - 1) * aStride;
        long a4 = a0 + Math.min(4, rows - 1) * aStride;
        long a5 = a0 + Math.min(5, rows - 1) * aStride;
        FloatVector c00 = FloatVector.zero(Lanes.F32);
        FloatVector c01 = c00;
        FloatVector c10 = c00;
        FloatVector c11 = c00;
        FloatVector c20 = c00;
        FloatVector c21 = c00;
        FloatVector c30 = c00;
        FloatVector c31 = c00;
        FloatVector c40 = c00;
        FloatVector c41 = c00;
        FloatVector c50 = c00;
        FloatVector c51 = c00;
        for (int k = 0; k < depth; k++) {
            long row = b0 + (long) Lanes.PANEL_BYTES * k;
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, row, Lanes.ORDER);
            FloatVector y = FloatVector.fromMemorySegment(Lanes.F32, all, row + Lanes.BYTES, Lanes.ORDER);
            float e = all.get(JAVA_FLOAT_UNALIGNED, a0 + 4L * k);
            c00 = x.lanewise(FMA, e, c00);
            c01 = y.lanewise(FMA, e, c01);
            e = all.get(JAVA_FLOAT_UNALIGNED, a1 + 4L * k);
            c10 = x.lanewise(FMA, e, c10);
            c11 = y.lanewise(FMA, e, c11);
            e = all.get(JAVA_FLOAT_UNALIGNED, a2 + 4L * k);
            c20 = x.lanewise(FMA, e, c20);
            c21 = y.lanewise(FMA, e, c21);
            e = all.get(JAVA_FLOAT_UNALIGNED, a3 + 4L * k);
            c30 = x.lanewise(FMA, e, c30);
            c31 = y.lanewise(FMA, e, c31);
            e = all.get(JAVA_FLOAT_UNALIGNED, a4 + 4L * k);
            c40 = x.lanewise(FMA, e, c40);
            c41 = y.lanewise(FMA, e, c41);
            e = all.get(JAVA_FLOAT_UNALIGNED, a5 + 4L * k);
            c50 = x.lanewise(FMA, e, c50);
            c51 = y.lanewise(FMA, e, c51);
        }
        float f = all.get(JAVA_FLOAT_UNALIGNED, s0);
        c00 = FloatVector.fromMemorySegment(Lanes.F32, all, c0, Lanes.ORDER).lanewise(FMA, f, c00);
        c01 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + Lanes.BYTES, Lanes.ORDER)
                .lanewise(FMA, f, c01);
        f = all.get(JAVA_FLOAT_UNALIGNED, s0 + 4);
        c10 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + cStride, Lanes.ORDER)
                .lanewise(FMA, f, c10);
        c11 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + cStride + Lanes.BYTES, Lanes.ORDER)
                .lanewise(FMA, f, c11);
        f = all.get(JAVA_FLOAT_UNALIGNED, s0 + 8);
        c20 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + 2 * cStride, Lanes.ORDER)
                .lanewise(FMA, f, c20);
        c21 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + 2 * cStride + Lanes.BYTES, Lanes.ORDER)
                .lanewise(FMA, f, c21);
        f = all.get(JAVA_FLOAT_UNALIGNED, s0 + 12);
        c30 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + 3 * cStride, Lanes.ORDER)
                .lanewise(FMA, f, c30);
        c31 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + 3 * cStride + Lanes.BYTES, Lanes.ORDER)
                .lanewise(FMA, f, c31);
        f = all.get(JAVA_FLOAT_UNALIGNED, s0 + 16);
        c40 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + 4 * cStride, Lanes.ORDER)
                .lanewise(FMA, f, c40);
        c41 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + 4 * cStride + Lanes.BYTES, Lanes.ORDER)
                .lanewise(FMA, f, c41);
        f = all.get(JAVA_FLOAT_UNALIGNED, s0 + 20);
        c50 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + 5 * cStride, Lanes.ORDER)
                .lanewise(FMA, f, c50);
        c51 = FloatVector.fromMemorySegment(Lanes.F32, all, c0 + 5 * cStride + Lanes.BYTES, Lanes.ORDER)
                .lanewise(FMA, f, c51);
        c00.intoMemorySegment(all, c0, Lanes.ORDER);
        c01.intoMemorySegment(all, c0 + Lanes.BYTES, Lanes.ORDER);
        c10.intoMemorySegment(all, c0 + cStride, Lanes.ORDER);
        c11.intoMemorySegment(all, c0 + cStride + Lanes.BYTES, Lanes.ORDER);
        c20.intoMemorySegment(all, c0 + 2 * cStride, Lanes.ORDER);
        c21.intoMemorySegment(all, c0 + 2 * cStride + Lanes.BYTES, Lanes.ORDER);
        c30.intoMemorySegment(all, c0 + 3 * cStride, Lanes.ORDER);
        c31.intoMemorySegment(all, c0 + 3 * cStride + Lanes.BYTES, Lanes.ORDER);
        c40.intoMemorySegment(all, c0 + 4 * cStride, Lanes.ORDER);
        c41.intoMemorySegment(all, c0 + 4 * cStride + Lanes.BYTES, Lanes.ORDER);
        c50.intoMemorySegment(all, c0 + 5 * cStride, Lanes.ORDER);
        c51.intoMemorySegment(all, c0 + 5 * cStride + Lanes.BYTES, Lanes.ORDER);
    }
}
