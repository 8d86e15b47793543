package dev.filigree.cpu.reference.common;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.cpu.reference.testing.Pages;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PageVectorsTest {
    private static final int DIM = 32;

    private static KvPageLayout layout(KvPrecision precision) {
        return new KvPageLayout(2, 3, DIM, DIM, precision, precision, 0);
    }

    private static float[] roundTrip(KvPrecision precision, float... x) {
        KvPageLayout layout = layout(precision);
        byte[] bytes = Pages.empty(layout, 1);
        PageVectors keys = PageVectors.keys(layout);
        keys.write(MemorySegment.ofArray(bytes), 0, 1, 2, x.clone());
        float[] back = new float[DIM];
        keys.read(MemorySegment.ofArray(bytes), 0, 1, 2, back);
        return back;
    }

    private static float[] random(Random random, double spread, double offset) {
        float[] x = new float[DIM];
        for (int c = 0; c < DIM; c++) {
            x[c] = (float) (offset + spread * random.nextGaussian());
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource(
            value = KvPrecision.class,
            names = {"INT8", "INT4"})
    void errorsStayWithinTheBoundOfTheFormat(KvPrecision precision) {
        // half a step, plus what the f16 scale and zero lose: s (1/2 + (Q + 2|z|) 2^-11) + 2^-10 |x| + 2^-24
        Random random = new Random(1);
        for (int round = 0; round < 5000; round++) {
            double spread = Math.scalb(1, random.nextInt(-8, 9));
            float[] x = random(random, spread, spread * random.nextInt(-30, 31));
            float[] back = roundTrip(precision, x);
            float min = x[0];
            float max = x[0];
            for (float value : x) {
                min = Math.min(min, value);
                max = Math.max(max, value);
            }
            double step = (max - min) / precision.maxCode();
            double zero = Math.abs(min / step);
            for (int c = 0; c < DIM; c++) {
                double bound =
                        step * (0.5 + (precision.maxCode() + 2 * zero) * 0x1p-11) + 0x1p-10 * Math.abs(x[c]) + 0x1p-24;
                assertTrue(Math.abs(x[c] - back[c]) <= bound, x[c] + " became " + back[c]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(KvPrecision.class)
    void roundGivesWhatIsReadBack(KvPrecision precision) {
        Random random = new Random(2);
        for (int round = 0; round < 200; round++) {
            float[] x = random(random, Math.scalb(1, random.nextInt(-30, 20)), random.nextInt(-2, 3));
            float[] rounded = x.clone();
            PageVectors.keys(layout(precision)).round(rounded);
            assertArrayEquals(roundTrip(precision, x), rounded);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvPrecision.class,
            names = {"INT8", "INT4"})
    void aSpreadThatF16CannotHoldBecomesConstant(KvPrecision precision) {
        float[] x = new float[DIM];
        Arrays.fill(x, 1000);
        x[3] = 1000.001f; // zero would be beyond 65504
        float[] back = roundTrip(precision, x);
        for (float value : back) {
            assertEquals(1000, value);
        }
        x = new float[DIM];
        x[5] = 1e-7f; // the scale rounds to 0
        for (float value : roundTrip(precision, x)) {
            assertEquals(0x1p-24f, value); // f16 of 5e-8 is its smallest number
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvPrecision.class,
            names = {"INT8", "INT4"})
    void whatIsBeyondF16IsNeverAWrongFiniteNumber(KvPrecision precision) {
        for (float extreme : new float[] {Float.POSITIVE_INFINITY, Float.NaN, 3e38f}) {
            float[] x = new float[DIM];
            x[0] = extreme;
            x[1] = -extreme;
            assertFalse(Float.isFinite(roundTrip(precision, x)[0]), precision + " " + extreme);
        }
    }

    @Test
    void otherSlotsKeepTheirBytes() {
        KvPageLayout layout = layout(KvPrecision.INT4);
        byte[] bytes = Pages.empty(layout, 1);
        Arrays.fill(bytes, (byte) 0x77);
        float[] x = new float[DIM];
        x[1] = 15;
        PageVectors.values(layout).write(MemorySegment.ofArray(bytes), 0, 0, 1, x);
        int changed = 0;
        for (byte b : bytes) {
            changed += b == 0x77 ? 0 : 1;
        }
        assertEquals(DIM / 2 + 2 + 2, changed); // codes, scale, zero
    }
}
