package dev.filigree.cpu.reference.ops.activationquantize;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ActivationQuantizeReferenceTest {

    private static OneOp quantize(QuantFormat format, float shift, float[] smooth, float... x) {
        OneOp op = new OneOp()
                .floats("x", shape(1, x.length), x)
                .floats("smooth", shape(smooth.length), smooth)
                .output("codes", format.codes(), 1, x.length)
                .output("scales", format.scaleDtype(), 1, format.groups(x.length))
                .output("sums", DType.F32, 1);
        return op.run(new ActivationQuantize(
                format,
                shift,
                ref("x"),
                smooth.length == 0 ? Optional.empty() : Optional.of(ref("smooth")),
                ref("codes"),
                ref("scales"),
                Optional.of(ref("sums"))));
    }

    private static final float[] PLAIN = {};

    @Test
    void int4GroupsRoundHalfToEven() {
        // [7 -3.5]: scale 1, -3.5 -> -4; [0 0]: scale 1; [1.75 0]: scale 0.25, code 7
        OneOp op = quantize(new QuantFormat(DType.I4, 2, DType.F16), 0, PLAIN, 7, -3.5f, 0, 0, 1.75f, 0);
        assertArrayEquals(new int[] {7, -4, 0, 0, 7, 0}, op.ints("codes"));
        assertArrayEquals(new float[] {1, 1, 0.25f}, op.floats("scales"));
        assertArrayEquals(new float[] {7 - 4 + 1.75f}, op.floats("sums"));
    }

    @Test
    void theLastGroupMayBePartialAndRowsMayHaveOneScale() {
        OneOp partial = quantize(new QuantFormat(DType.I4, 4, DType.F32), 0, PLAIN, 7, 0, 0, 0, 14, -2);
        assertArrayEquals(new float[] {1, 2}, partial.floats("scales"));
        assertArrayEquals(new int[] {7, 0, 0, 0, 7, -1}, partial.ints("codes"));
        OneOp row = quantize(QuantFormat.INT8_ROW, 0, PLAIN, 254, -254, 1, 3);
        assertArrayEquals(new float[] {2}, row.floats("scales"));
        assertArrayEquals(new int[] {127, -127, 0, 2}, row.ints("codes")); // 0.5 -> 0, 1.5 -> 2
    }

    @Test
    void codesBelongToTheRoundedScale() {
        // absmax 7.7: scale 1.1 is 1.125 in e4m3-like steps; e2m1: 6.6 / 6 = 1.1 -> 1.125, 6.6 / 1.125 = 5.87 -> 6,
        // 2.7 / 1.125 = 2.4 -> 2 (2.7 / 1.1 = 2.45 too), 2.8 / 1.125 = 2.49 -> 2 (2.8 / 1.1 = 2.55 would give 3)
        OneOp op = quantize(new QuantFormat(DType.E2M1, 4, DType.E4M3), 0, PLAIN, 6.6f, 2.7f, 2.8f, -6.6f);
        assertArrayEquals(new float[] {1.125f}, op.floats("scales"));
        assertArrayEquals(new float[] {6, 2, 2, -6}, op.floats("codes"));
    }

    @Test
    void e2m1TiesGoToTheEvenCode() {
        // scale 1: 2.5 lies between 2 (code 4) and 3 (code 5), -5 between 4 (6) and 6 (7), 0.25 between 0 and 0.5 (1)
        OneOp op = quantize(new QuantFormat(DType.E2M1, 4, DType.E4M3), 0, PLAIN, 6, 2.5f, -5, 0.25f);
        assertArrayEquals(new int[] {7, 4, 8 + 6, 0}, op.ints("codes"));
    }

    @Test
    void shiftComesBeforeSmoothing() {
        // (x + 1) / [1 2]: 0 and 15; u4 from 0 to 15
        OneOp op = quantize(new QuantFormat(DType.U4, 2, DType.F32), 1, new float[] {1, 2}, -1, 29);
        assertArrayEquals(new float[] {1}, op.floats("scales"));
        assertArrayEquals(new int[] {0, 15}, op.ints("codes"));
    }

    @Test
    void unsignedCodesClampBelowZero() {
        OneOp op = quantize(new QuantFormat(DType.U4, 2, DType.F32), 0, PLAIN, -3, 15);
        assertArrayEquals(new int[] {0, 15}, op.ints("codes"));
    }

    @Test
    void brokenGroupsAreNanAndTheirNeighboursAreNot() {
        float inf = Float.POSITIVE_INFINITY;
        QuantFormat format = new QuantFormat(DType.E2M1, 2, DType.E4M3);
        OneOp op = quantize(format, 0, PLAIN, Float.NaN, 1, 6, 3, inf, 1);
        assertArrayEquals(new float[] {Float.NaN, 1, Float.NaN}, op.floats("scales"));
        assertArrayEquals(new int[] {0, 0, 7, 5, 0, 0}, op.ints("codes"));
        assertTrue(Float.isNaN(op.floats("sums")[0]));
    }

    @Test
    void aScaleThatRoundsToZeroIsOne() {
        // 1e-4 / 6 is below half the smallest e4m3, 2^-10
        OneOp op = quantize(new QuantFormat(DType.E2M1, 2, DType.E4M3), 0, PLAIN, 1e-4f, -1e-4f);
        assertArrayEquals(new float[] {1}, op.floats("scales"));
        assertArrayEquals(new float[] {0, -0f}, op.floats("codes"));
    }

    @Test
    void errorsOfGaussianRowsAreThoseOfTheFormats() {
        // relative root mean square error, SVDQuant's formats on N(0, 1): int4 in groups of 64 about 0.108, nvfp4 about
        // 0.095
        assertEquals(0.108, gaussianError(QuantFormat.INT4_G64), 0.005);
        assertEquals(0.095, gaussianError(QuantFormat.NVFP4), 0.005);
    }

    private static double gaussianError(QuantFormat format) {
        Random random = new Random(11);
        float[] x = new float[64 * 512];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        OneOp op = quantize(format, 0, PLAIN, x);
        float[] codes = op.floats("codes");
        float[] scales = op.floats("scales");
        double error = 0;
        double norm = 0;
        for (int i = 0; i < x.length; i++) {
            double difference = x[i] - (double) codes[i] * scales[i / format.groupSize()];
            error += difference * difference;
            norm += (double) x[i] * x[i];
        }
        return Math.sqrt(error / norm);
    }
}
