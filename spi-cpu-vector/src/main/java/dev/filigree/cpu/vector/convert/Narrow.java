package dev.filigree.cpu.vector.convert;

import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.UGE;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.ULT;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Copies contiguous f32 to contiguous stored numbers, rounding to nearest, ties to even. Values that are too large become
 * infinite, NaN stays NaN.
 */
public final class Narrow {
    private static final int INFINITE = 0x7f80_0000;
    private static final int HALF_OVERFLOW = 0x477f_f000;
    private static final int HALF_SMALLEST_NORMAL = 113 << 23;
    private static final int HALF_REBIAS = 112 << 23;
    /** Adding it leaves the bits of a half subnormal at the bottom of the sum, rounded by the float adder. */
    private static final int SUBNORMAL_MAGIC = 126 << 23;

    private Narrow() {}

    /**
     * Narrows {@code count} numbers.
     *
     * @param to how the target is stored
     * @param source address of the first f32
     * @param target address of the first number
     * @param count how many numbers
     */
    public static void copy(Storage to, long source, long target, int count) {
        switch (to) {
            case F32 -> Widen.copy(Storage.F32, source, target, count);
            case F16 -> half(source, target, count);
            case BF16 -> brain(source, target, count);
        }
    }

    /** Rounds one number to the nearest bf16 and returns its 16 bits. */
    public static short toBrain(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fff_ffff) > INFINITE) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    private static void brain(long s, long t, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            IntVector bits = IntVector.fromMemorySegment(Lanes.I32, all, s + 4L * i, Lanes.ORDER);
            IntVector upper = bits.lanewise(LSHR, 16);
            IntVector rounded = bits.add(upper.and(1)).add(0x7fff).lanewise(LSHR, 16);
            rounded.blend(upper.or(0x40), bits.and(0x7fff_ffff).compare(UGT, INFINITE))
                    .convertShape(I2S, Lanes.I16, 0)
                    .reinterpretAsShorts()
                    .intoMemorySegment(all, t + 2L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float value = all.get(ValueLayout.JAVA_FLOAT_UNALIGNED, s + 4L * i);
            all.set(ValueLayout.JAVA_SHORT_UNALIGNED, t + 2L * i, toBrain(value));
        }
    }

    private static void half(long s, long t, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector value = FloatVector.fromMemorySegment(Lanes.F32, all, s + 4L * i, Lanes.ORDER);
            IntVector bits = value.reinterpretAsInts();
            IntVector magnitude = bits.and(0x7fff_ffff);
            IntVector odd = magnitude.lanewise(LSHR, 13).and(1);
            IntVector normal = magnitude.sub(HALF_REBIAS - 0xfff).add(odd).lanewise(LSHR, 13);
            IntVector tiny = magnitude
                    .reinterpretAsFloats()
                    .add(Float.intBitsToFloat(SUBNORMAL_MAGIC))
                    .reinterpretAsInts()
                    .sub(SUBNORMAL_MAGIC);
            IntVector nan = magnitude.lanewise(LSHR, 13).and(0x3ff).or(0x7e00);
            normal.blend(tiny, magnitude.compare(ULT, HALF_SMALLEST_NORMAL))
                    .blend(0x7c00, magnitude.compare(UGE, HALF_OVERFLOW))
                    .blend(nan, magnitude.compare(UGT, INFINITE))
                    .or(bits.lanewise(LSHR, 16).and(0x8000))
                    .convertShape(I2S, Lanes.I16, 0)
                    .reinterpretAsShorts()
                    .intoMemorySegment(all, t + 2L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float value = all.get(ValueLayout.JAVA_FLOAT_UNALIGNED, s + 4L * i);
            all.set(ValueLayout.JAVA_SHORT_UNALIGNED, t + 2L * i, Float.floatToFloat16(value));
        }
    }
}
