package dev.filigree.cpu.vector.elementwise;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * 2^x for x at or below 0, the exponential of every softmax here: {@code 2^round(x)} from the exponent bits times a
 * polynomial in the rest. The coefficients are a minimax fit of 2^f on [-1/2, 1/2] with p(0) = 1; in f32 the relative error
 * stays below 8e-8. Below {@link #SMALLEST} the result is 0, so that -inf gives 0; NaN stays NaN.
 *
 * <p>The constants are public because other kernels repeat the arithmetic inline: a method that took vectors would cost more
 * than the arithmetic.
 */
public final class Exp2 {
    /** 1.5 * 2^23: adding it leaves the nearest integer in the low bits. */
    public static final float ROUND = 0x1.8p23f;

    /** Exponents at and below give 0. */
    public static final float SMALLEST = -126f;

    /** Bits of {@link #ROUND} less the exponent bias. */
    public static final int BIAS = Float.floatToRawIntBits(ROUND) - 127;

    /** log2(e). */
    public static final float LOG2_E = 1.44269504f;

    /** ln(2). */
    public static final double LN_2 = 0.6931471805599453;

    /** Coefficient of f. */
    public static final float C1 = 0x1.62e430p-1f;

    /** Coefficient of f^2. */
    public static final float C2 = 0x1.ebfbdcp-3f;

    /** Coefficient of f^3. */
    public static final float C3 = 0x1.c6aee8p-5f;

    /** Coefficient of f^4. */
    public static final float C4 = 0x1.3b2d4cp-7f;

    /** Coefficient of f^5. */
    public static final float C5 = 0x1.5f3e54p-10f;

    /** Coefficient of f^6. */
    public static final float C6 = 0x1.41fbbcp-13f;

    private Exp2() {}

    /**
     * Replaces x by 2^x.
     *
     * @param x address of f32 at or below 0
     * @param count a multiple of {@link Lanes#COUNT}
     */
    public static void inPlace(long x, int count) {
        MemorySegment all = Memory.all();
        for (int i = 0; i < count; i += Lanes.COUNT) {
            FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER);
            FloatVector t = v.add(ROUND);
            FloatVector f = v.sub(t.sub(ROUND));
            FloatVector p = f.mul(C6).add(C5).fma(f, FloatVector.broadcast(Lanes.F32, C4));
            p = p.fma(f, FloatVector.broadcast(Lanes.F32, C3)).fma(f, FloatVector.broadcast(Lanes.F32, C2));
            p = p.fma(f, FloatVector.broadcast(Lanes.F32, C1)).fma(f, FloatVector.broadcast(Lanes.F32, 1f));
            IntVector scale = t.reinterpretAsInts().sub(BIAS).lanewise(LSHL, 23);
            p.mul(scale.reinterpretAsFloats())
                    .blend(0f, v.compare(LT, SMALLEST))
                    .intoMemorySegment(all, x + 4L * i, Lanes.ORDER);
        }
    }
}
