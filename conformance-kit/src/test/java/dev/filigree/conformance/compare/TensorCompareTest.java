package dev.filigree.conformance.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TensorCompareTest {
    private static final Tolerance TOLERANCE = new Tolerance(0.01, 0.001, 1e-4);

    private static Comparison compare(float[] expected, float... actual) {
        return TensorCompare.values(expected, actual, TOLERANCE);
    }

    @Test
    void placesOfNaNAndInfinitiesComeFirst() {
        float[] expected = {1, Float.NaN, Float.NEGATIVE_INFINITY};
        assertTrue(compare(expected, 1, Float.NaN, Float.NEGATIVE_INFINITY).passed());
        Comparison lost = compare(expected, 1, 2, Float.NEGATIVE_INFINITY);
        assertFalse(lost.passed());
        assertTrue(lost.message().contains("at 1 expected NaN, found 2.0"), lost::message);
        assertFalse(compare(expected, 1, Float.NaN, Float.POSITIVE_INFINITY).passed());
        assertFalse(compare(expected, 1, Float.NaN, -1e30f).passed());
    }

    @Test
    void anElementPassesAbsolutelyOrRelatively() {
        float[] expected = {1000, 0, 1, 1};
        assertTrue(compare(expected, 1000.9f, 0, 1, 1).passed(), "0.001 of 1000");
        assertTrue(compare(expected, 1000, 4, 1, 1).passed(), "0.01 of the rms, 500");
        Comparison failed = compare(expected, 1000, 6, 1, 1);
        assertFalse(failed.passed());
        assertEquals(0.75, failed.passRatio());
        assertTrue(failed.message().contains("worst at 1"), failed::message);
    }

    @Test
    void theWholeTensorMustPassToo() {
        float[] expected = new float[100];
        Arrays.fill(expected, 1);
        float[] actual = new float[100];
        Arrays.fill(actual, 1.009f);
        Tolerance strict = new Tolerance(0.01, 0.01, 1e-6);
        assertTrue(TensorCompare.values(expected, actual, TOLERANCE).passed());
        assertFalse(TensorCompare.values(expected, actual, strict).passed(), "nmse 8.1e-5 is above 1e-6");
    }

    @Test
    void marginsSayHowCloseItWas() {
        assertEquals(0.5, compare(new float[] {1, -1}, 1.005f, -1).margin(), 1e-3);
    }

    @Test
    void expectedZerosAllowNothing() {
        assertFalse(compare(new float[2], 0, 1e-30f).passed());
        assertTrue(compare(new float[2], 0, 0).passed());
    }
}
