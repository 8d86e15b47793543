package dev.filigree.cpu.vector.convert;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;

/** Copies contiguous stored numbers to contiguous f32. Exact for every value, subnormals and infinities included. */
public final class Widen {
    /** Sign, exponent and fraction of an f16 moved to where f32 has them. */
    private static final int HALF_BITS = 0x8fffe000;

    /** Between the exponent biases: a product with it makes subnormals normal. */
    private static final float REBIAS = 0x1p112f;

    /** What the largest exponent of f16 would stand for if it did not stand for infinity and NaN. */
    private static final float HALF_INFINITY = 0x1p16f;

    private static final int EXPONENT = 0x7f800000;

    private Widen() {}

    /**
     * Widens {@code count} numbers.
     *
     * @param from how the source is stored
     * @param source address of the first number
     * @param target address of the first f32
     * @param count how many numbers
     */
    public static void copy(Storage from, long source, long target, int count) {
        switch (from) {
            case F32 -> single(source, target, count);
            case F16 -> half(source, target, count);
            case BF16 -> brain(source, target, count);
        }
    }

    private static void single(long s, long t, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector.fromMemorySegment(Lanes.F32, all, s + 4L * i, Lanes.ORDER)
                    .intoMemorySegment(all, t + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float value = all.get(ValueLayout.JAVA_FLOAT_UNALIGNED, s + 4L * i);
            all.set(ValueLayout.JAVA_FLOAT_UNALIGNED, t + 4L * i, value);
        }
    }

    private static void brain(long s, long t, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            ShortVector.fromMemorySegment(Lanes.I16, all, s + 2L * i, Lanes.ORDER)
                    .convertShape(ZERO_EXTEND_S2I, Lanes.I32, 0)
                    .reinterpretAsInts()
                    .lanewise(LSHL, 16)
                    .intoMemorySegment(all, t + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            int bits = all.get(ValueLayout.JAVA_SHORT_UNALIGNED, s + 2L * i) << 16;
            all.set(ValueLayout.JAVA_INT_UNALIGNED, t + 4L * i, bits);
        }
    }

    private static void half(long s, long t, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector x = ShortVector.fromMemorySegment(Lanes.I16, all, s + 2L * i, Lanes.ORDER)
                    .convertShape(S2I, Lanes.I32, 0)
                    .reinterpretAsInts()
                    .lanewise(LSHL, 13)
                    .and(HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(REBIAS);
            VectorMask<Integer> special = x.abs().compare(GE, HALF_INFINITY).cast(Lanes.I32);
            x.reinterpretAsInts().lanewise(OR, EXPONENT, special).intoMemorySegment(all, t + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float value = Float.float16ToFloat(all.get(ValueLayout.JAVA_SHORT_UNALIGNED, s + 2L * i));
            all.set(ValueLayout.JAVA_FLOAT_UNALIGNED, t + 4L * i, value);
        }
    }
}
