package dev.filigree.cpu.vector.elementwise;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/** GELU of numbers side by side, in fp64: its tail needs digits that fp32 steps would lose. */
public final class GeluCurve {
    private static final double TANH_SLOPE = Math.sqrt(2 / Math.PI);

    private GeluCurve() {}

    /** Writes the GELU of {@code count} f32; both addresses may be the same. */
    public static void apply(boolean exact, long from, long to, int count) {
        MemorySegment all = Memory.all();
        for (int c = 0; c < count; c++) {
            double v = all.get(JAVA_FLOAT_UNALIGNED, from + 4L * c);
            all.set(JAVA_FLOAT_UNALIGNED, to + 4L * c, (float) (exact ? v / 2 * erfc(-v / Math.sqrt(2)) : tanh(v)));
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
