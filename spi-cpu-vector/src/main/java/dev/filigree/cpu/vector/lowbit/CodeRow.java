package dev.filigree.cpu.vector.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.NE;

import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Turns contiguous codes into the f32 they stand for before any scale. All of them are multiples of 1/2 below 2^8, so f32
 * lanes hold their products and sums exactly up to 2^24: integer arithmetic at the rate of the float unit, which the JVM
 * reaches and its byte multiplies do not.
 */
final class CodeRow {
    /** As many bytes as there are f32 lanes, but at least the 8 of the smallest species. */
    private static final VectorSpecies<Byte> I8 =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, Lanes.BITS / 4)));

    private static final boolean TWO_PARTS = I8.length() > Lanes.COUNT;
    /** Shift that brings the nibble of a lane to the top. */
    private static final int[] TO_TOP = shifts(28, -4);
    /** Shift that brings the nibble of a lane to the bottom. */
    private static final int[] TO_BOTTOM = shifts(0, 4);

    private static final VectorMask<Integer> UPPER = VectorMask.fromLong(Lanes.I32, -1L << 8);
    /** Twice the magnitude of e2m1 code i, in four bits each. */
    private static final int E2M1_DOUBLED = 0xC864_3210;

    private CodeRow() {}

    /**
     * Widens the codes of a row from its first element on.
     *
     * @param from i8, i4, u4 or e2m1; 4-bit codes lie two in a byte, the even element in the low nibble
     * @param codes address of the first byte
     * @param target address of {@code count} f32
     */
    static void copy(DType from, long codes, long target, int count) {
        switch (from) {
            case I8 -> bytes(codes, target, count);
            case I4 -> signed(codes, target, count);
            case U4 -> unsigned(codes, target, count);
            case E2M1 -> floats(codes, target, count);
            default -> throw new IllegalArgumentException("codes are i8, i4, u4 or e2m1, not " + from);
        }
    }

    private static void bytes(long codes, long target, int count) {
        MemorySegment all = Memory.all();
        int whole = I8.loopBound(count);
        for (int i = 0; i < whole; i += I8.length()) {
            ByteVector b = ByteVector.fromMemorySegment(I8, all, codes + i, Lanes.ORDER);
            ((FloatVector) b.convertShape(B2I, Lanes.I32, 0).convertShape(I2F, Lanes.F32, 0))
                    .intoMemorySegment(all, target + 4L * i, Lanes.ORDER);
            if (TWO_PARTS) {
                ((FloatVector) b.convertShape(B2I, Lanes.I32, 1).convertShape(I2F, Lanes.F32, 0))
                        .intoMemorySegment(all, target + 4L * i + Lanes.BYTES, Lanes.ORDER);
            }
        }
        for (int i = whole; i < count; i++) {
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, all.get(JAVA_BYTE, codes + i));
        }
    }

    private static void signed(long codes, long target, int count) {
        MemorySegment all = Memory.all();
        IntVector toTop = IntVector.fromArray(Lanes.I32, TO_TOP, 0);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            ((FloatVector) spread(all, codes + (i >> 1))
                            .lanewise(LSHL, toTop)
                            .lanewise(ASHR, 28)
                            .convertShape(I2F, Lanes.F32, 0))
                    .intoMemorySegment(all, target + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, nibble(all, codes, i) << 28 >> 28);
        }
    }

    private static void unsigned(long codes, long target, int count) {
        MemorySegment all = Memory.all();
        IntVector toBottom = IntVector.fromArray(Lanes.I32, TO_BOTTOM, 0);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            ((FloatVector) spread(all, codes + (i >> 1))
                            .lanewise(LSHR, toBottom)
                            .and(15)
                            .convertShape(I2F, Lanes.F32, 0))
                    .intoMemorySegment(all, target + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, nibble(all, codes, i));
        }
    }

    private static void floats(long codes, long target, int count) {
        MemorySegment all = Memory.all();
        IntVector toBottom = IntVector.fromArray(Lanes.I32, TO_BOTTOM, 0);
        IntVector table = IntVector.broadcast(Lanes.I32, E2M1_DOUBLED);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            IntVector code = spread(all, codes + (i >> 1)).lanewise(LSHR, toBottom);
            IntVector doubled =
                    table.lanewise(LSHR, code.and(7).lanewise(LSHL, 2)).and(15);
            FloatVector value = ((FloatVector) doubled.convertShape(I2F, Lanes.F32, 0)).mul(0.5f);
            value.blend(value.neg(), code.and(8).compare(NE, 0).cast(Lanes.F32))
                    .intoMemorySegment(all, target + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, Codes.e2m1ToFloat(nibble(all, codes, i)));
        }
    }

    /** The bytes of as many nibbles as there are lanes, each lane with the four bytes that hold its own. */
    private static IntVector spread(MemorySegment all, long at) {
        if (Lanes.COUNT == 16) {
            long eight = all.get(JAVA_LONG_UNALIGNED, at);
            return IntVector.broadcast(Lanes.I32, (int) eight).blend((int) (eight >>> 32), UPPER);
        }
        return IntVector.broadcast(
                Lanes.I32,
                Lanes.COUNT == 8 ? all.get(JAVA_INT_UNALIGNED, at) : all.get(JAVA_SHORT_UNALIGNED, at) & 0xffff);
    }

    private static int nibble(MemorySegment all, long codes, int i) {
        return all.get(JAVA_BYTE, codes + (i >> 1)) >> ((i & 1) << 2) & 0xf;
    }

    private static int[] shifts(int first, int step) {
        int[] shifts = new int[Lanes.COUNT];
        for (int i = 0; i < shifts.length; i++) {
            shifts[i] = first + step * (i % 8);
        }
        return shifts;
    }
}
