package dev.filigree.cpu.vector.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConversionTest {
    private static final int ALL = 1 << 16;

    @Test
    void every16BitCodeWidensExactly() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment codes = arena.allocate(2L * ALL, 64);
            MemorySegment wide = arena.allocate(4L * ALL, 64);
            for (int i = 0; i < ALL; i++) {
                codes.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) i);
            }
            Widen.copy(Storage.F16, codes.address(), wide.address(), ALL);
            for (int i = 0; i < ALL; i++) {
                float wanted = Float.float16ToFloat((short) i);
                assertEquals(wanted, wide.getAtIndex(ValueLayout.JAVA_FLOAT, i), "f16 " + i);
            }
            Widen.copy(Storage.BF16, codes.address(), wide.address(), ALL);
            for (int i = 0; i < ALL; i++) {
                assertEquals(i << 16, wide.getAtIndex(ValueLayout.JAVA_INT, i), "bf16 " + i);
            }
        }
    }

    @Test
    void narrowingRoundsToNearestEven() {
        Random random = new Random(3);
        int count = 200_003;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment wide = arena.allocate(4L * count, 64);
            MemorySegment codes = arena.allocate(2L * count, 64);
            for (int i = 0; i < count; i++) {
                // random bits, ties of both formats, and the neighbourhoods of overflow and underflow
                int bits = switch (i % 5) {
                    case 0 -> random.nextInt();
                    case 1 -> random.nextInt() & 0xffff_f000 | 0x1000;
                    case 2 -> random.nextInt() & 0xffff_8000;
                    case 3 -> 0x477f_e000 + random.nextInt(0x4000);
                    default -> 0x3300_0000 + random.nextInt(0x0600_0000);
                };
                wide.setAtIndex(ValueLayout.JAVA_INT, i, bits);
            }
            Narrow.copy(Storage.F16, wide.address(), codes.address(), count);
            for (int i = 0; i < count; i++) {
                float value = wide.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                float got = Float.float16ToFloat(codes.getAtIndex(ValueLayout.JAVA_SHORT, i));
                assertEquals(Float.float16ToFloat(Float.floatToFloat16(value)), got, "f16 of " + value);
            }
            Narrow.copy(Storage.BF16, wide.address(), codes.address(), count);
            for (int i = 0; i < count; i++) {
                float value = wide.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                float got = Float.intBitsToFloat(codes.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
                assertEquals(nearestBrain(value), got, "bf16 of " + value);
            }
        }
    }

    /** The nearer of the two bf16 around a value, the even one at a tie, found by comparing distances. */
    private static float nearestBrain(float value) {
        if (Float.isNaN(value) || Float.isInfinite(value)) {
            return value;
        }
        int bits = Float.floatToRawIntBits(value) & 0xffff_0000;
        double low = Float.intBitsToFloat(bits);
        int upperBits = bits + 0x1_0000;
        double high = (upperBits & 0x7fff_ffff) == 0x7f80_0000
                ? Math.copySign(0x1p128, value)
                : Float.intBitsToFloat(upperBits);
        double below = Math.abs(value - low);
        double above = Math.abs(high - value);
        boolean up = above < below || (above == below && (bits >>> 16 & 1) == 1);
        return (float) (up ? high : low);
    }
}
