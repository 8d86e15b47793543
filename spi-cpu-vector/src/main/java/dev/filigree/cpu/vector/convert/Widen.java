package dev.filigree.cpu.vector.convert;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.UGE;
import static jdk.incubator.vector.VectorOperators.ULT;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/** Copies contiguous stored numbers to contiguous f32. Exact for every value, subnormals and infinities included. */
public final class Widen {
    private static final int EXPONENT_REBIAS = 112 << 23;
    private static final int HALF_EXPONENT = 0x1f << 23;
    private static final int SUBNORMAL_BASE = 113 << 23;
    private static final float SUBNORMAL_OFFSET = Float.intBitsToFloat(SUBNORMAL_BASE);

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
            IntVector h = ShortVector.fromMemorySegment(Lanes.I16, all, s + 2L * i, Lanes.ORDER)
                    .convertShape(ZERO_EXTEND_S2I, Lanes.I32, 0)
                    .reinterpretAsInts();
            IntVector sign = h.and(0x8000).lanewise(LSHL, 16);
            IntVector magnitude = h.and(0x7fff).lanewise(LSHL, 13);
            IntVector normal = magnitude.add(EXPONENT_REBIAS);
            IntVector special = normal.add(EXPONENT_REBIAS);
            IntVector tiny = magnitude
                    .add(SUBNORMAL_BASE)
                    .reinterpretAsFloats()
                    .sub(SUBNORMAL_OFFSET)
                    .reinterpretAsInts();
            normal.blend(special, magnitude.compare(UGE, HALF_EXPONENT))
                    .blend(tiny, magnitude.compare(ULT, 1 << 23))
                    .or(sign)
                    .intoMemorySegment(all, t + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float value = Float.float16ToFloat(all.get(ValueLayout.JAVA_SHORT_UNALIGNED, s + 2L * i));
            all.set(ValueLayout.JAVA_FLOAT_UNALIGNED, t + 4L * i, value);
        }
    }
}
