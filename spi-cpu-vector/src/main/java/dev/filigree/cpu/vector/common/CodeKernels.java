package dev.filigree.cpu.vector.common;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The codes of one quantized vector: {@code scale * (code - zero)} and back, in fp32, operation by operation. */
final class CodeKernels {
    /** As many bytes as there are f32 lanes, but at least the 8 of the smallest species. */
    private static final VectorSpecies<Byte> I8 =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, Lanes.BITS / 4)));

    /** With 128 bits the smallest byte vector fills two float vectors. */
    private static final boolean TWO_PARTS = I8.length() > Lanes.COUNT;

    private static final int[] SHIFTS = shifts();
    private static final VectorMask<Integer> UPPER = VectorMask.fromLong(Lanes.I32, -1L << 8);

    private CodeKernels() {}

    /** Reads 8-bit codes. */
    static void bytes(long codes, float scale, float zero, long target, int count) {
        MemorySegment all = Memory.all();
        int whole = I8.loopBound(count);
        for (int i = 0; i < whole; i += I8.length()) {
            ByteVector b = ByteVector.fromMemorySegment(I8, all, codes + i, Lanes.ORDER);
            ((FloatVector) b.convertShape(ZERO_EXTEND_B2I, Lanes.I32, 0).convertShape(I2F, Lanes.F32, 0))
                    .sub(zero)
                    .mul(scale)
                    .intoMemorySegment(all, target + 4L * i, Lanes.ORDER);
            if (TWO_PARTS) {
                ((FloatVector) b.convertShape(ZERO_EXTEND_B2I, Lanes.I32, 1).convertShape(I2F, Lanes.F32, 0))
                        .sub(zero)
                        .mul(scale)
                        .intoMemorySegment(all, target + 4L * i + Lanes.BYTES, Lanes.ORDER);
            }
        }
        for (int i = whole; i < count; i++) {
            float code = all.get(JAVA_BYTE, codes + i) & 0xff;
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, scale * (code - zero));
        }
    }

    /** Reads 4-bit codes, channel 2m in the low nibble: each lane shifts its own nibble out of the same bits. */
    static void nibbles(long codes, float scale, float zero, long target, int count) {
        MemorySegment all = Memory.all();
        IntVector shifts = IntVector.fromArray(Lanes.I32, SHIFTS, 0);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            long at = codes + (i >> 1);
            IntVector bits;
            if (Lanes.COUNT == 16) {
                long eight = all.get(JAVA_LONG_UNALIGNED, at);
                bits = IntVector.broadcast(Lanes.I32, (int) eight).blend((int) (eight >>> 32), UPPER);
            } else if (Lanes.COUNT == 8) {
                bits = IntVector.broadcast(Lanes.I32, all.get(JAVA_INT_UNALIGNED, at));
            } else {
                bits = IntVector.broadcast(Lanes.I32, all.get(JAVA_SHORT_UNALIGNED, at));
            }
            ((FloatVector) bits.lanewise(LSHR, shifts).and(15).convertShape(I2F, Lanes.F32, 0))
                    .sub(zero)
                    .mul(scale)
                    .intoMemorySegment(all, target + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float code = all.get(JAVA_BYTE, codes + (i >> 1)) >> ((i & 1) << 2) & 0xf;
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, scale * (code - zero));
        }
    }

    /** Writes codes of 8 or 4 bits: {@code clamp(roundHalfEven(x / scale + zero), 0, maxCode)}; NaN becomes 0. */
    static void encode(long x, float scale, float zero, int maxCode, long codes, int count) {
        MemorySegment all = Memory.all();
        if (maxCode > 15) {
            for (int i = 0; i < count; i++) {
                float v = all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i);
                all.set(JAVA_BYTE, codes + i, (byte) code(v, scale, zero, maxCode));
            }
            return;
        }
        for (int i = 0; i < count; i += 2) {
            int low = code(all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i), scale, zero, maxCode);
            int high = code(all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i + 4), scale, zero, maxCode);
            all.set(JAVA_BYTE, codes + (i >> 1), (byte) (low | high << 4));
        }
    }

    private static int code(float x, float scale, float zero, int maxCode) {
        return (int) Math.clamp((float) Math.rint(x / scale + zero), 0f, (float) maxCode);
    }

    private static int[] shifts() {
        int[] shifts = new int[Lanes.COUNT];
        for (int i = 0; i < shifts.length; i++) {
            shifts[i] = 4 * (i % 8);
        }
        return shifts;
    }
}
