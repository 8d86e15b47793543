package dev.filigree.api.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleToLongFunction;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Every code of every narrow float, and every interval between neighbours. */
class CodesTest {

    /**
     * Codes 0 to {@code max} are the magnitudes in ascending order. Checks that each reads back as itself, and that
     * what lies between two neighbours goes to the nearer one, the middle to the even code.
     */
    private static void checkLadder(int max, int signBit, IntToDoubleFunction decode, DoubleToLongFunction encode) {
        for (int code = 0; code <= max; code++) {
            double value = decode.applyAsDouble(code);
            assertEquals(code, encode.applyAsLong(value));
            assertEquals(code | signBit, encode.applyAsLong(-value));
            assertEquals(-value, decode.applyAsDouble(code | signBit));
            if (code < max) {
                double next = decode.applyAsDouble(code + 1);
                assertTrue(next > value, "code " + code);
                double middle = (value + next) / 2;
                assertEquals(code % 2 == 0 ? code : code + 1, encode.applyAsLong(middle), "middle after " + code);
                assertEquals(code, encode.applyAsLong(Math.nextDown((float) middle)), "below the middle of " + code);
                assertEquals(code + 1, encode.applyAsLong(Math.nextUp((float) middle)), "above the middle of " + code);
            }
        }
    }

    @Test
    void e4m3() {
        checkLadder(
                0x7e, 0x80, code -> Codes.e4m3ToFloat((byte) code), value -> Codes.floatToE4m3((float) value) & 0xff);
        assertEquals(0x1p-9f, Codes.e4m3ToFloat((byte) 1));
        assertEquals(0x1p-6f, Codes.e4m3ToFloat((byte) 8));
        assertEquals(448f, Codes.e4m3ToFloat((byte) 0x7e));
    }

    @Test
    void e4m3SaturatesAndKeepsNan() {
        for (float value : new float[] {449, 1e30f, Float.POSITIVE_INFINITY}) {
            assertEquals(0x7e, Codes.floatToE4m3(value));
            assertEquals((byte) 0xfe, Codes.floatToE4m3(-value));
        }
        assertEquals(0x7f, Codes.floatToE4m3(Float.NaN) & 0x7f);
        assertTrue(Float.isNaN(Codes.e4m3ToFloat((byte) 0x7f)));
        assertTrue(Float.isNaN(Codes.e4m3ToFloat((byte) 0xff)));
    }

    @Test
    void e2m1() {
        checkLadder(7, 8, Codes::e2m1ToFloat, value -> Codes.floatToE2m1((float) value));
        float[] magnitudes = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
        for (int code = 0; code < 8; code++) {
            assertEquals(magnitudes[code], Codes.e2m1ToFloat(code));
        }
        assertEquals(7, Codes.floatToE2m1(6.01f));
        assertEquals(15, Codes.floatToE2m1(Float.NEGATIVE_INFINITY));
    }

    @Test
    void bf16() {
        checkLadder(
                0x7f7f,
                0x8000,
                code -> Codes.bf16ToFloat((short) code),
                value -> Codes.floatToBf16((float) value) & 0xffff);
    }

    @Test
    void bf16OverflowsToInfinityAndKeepsNan() {
        assertEquals(0x7f80, Codes.floatToBf16(Float.MAX_VALUE));
        assertEquals(0x7f80, Codes.floatToBf16(Float.POSITIVE_INFINITY));
        for (int bits : new int[] {0x7f800001, 0x7fc00000, 0xffffffff, 0x7fffffff}) {
            float nan = Float.intBitsToFloat(bits);
            assertTrue(Float.isNaN(Codes.bf16ToFloat(Codes.floatToBf16(nan))), Integer.toHexString(bits));
        }
    }
}
