package dev.filigree.cpu.reference.ops.linear;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.op.Linear;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LinearReferenceTest {
    private static final Linear WITH_BIAS = new Linear(ref("x"), ref("w"), Optional.of(ref("b")), ref("y"));
    private static final Linear PLAIN = new Linear(ref("x"), ref("w"), Optional.empty(), ref("y"));

    @Test
    void multipliesByTheTransposedWeightAndAddsTheBias() {
        // [1 2 3] . [1 0 -1] = -2, . [2 1 1] = 7; [4 5 6] . [1 0 -1] = -2, . [2 1 1] = 19
        OneOp op = new OneOp()
                .floats("x", shape(2, 3), 1, 2, 3, 4, 5, 6)
                .floats("w", shape(2, 3), 1, 0, -1, 2, 1, 1)
                .floats("b", shape(2), 10, 100)
                .output("y", DType.F32, 2, 2)
                .run(WITH_BIAS);
        assertArrayEquals(new float[] {8, 107, 8, 119}, op.floats("y"));
    }

    @Test
    void roundsOnceAtTheEnd() {
        // 256 + 1 * 256 times: bf16 has 8 bits, so a sum kept in bf16 would stay 256 and fp32 of bf16 would too.
        float[] ones = new float[257];
        Arrays.fill(ones, 1);
        ones[0] = 256;
        float[] weight = new float[257];
        Arrays.fill(weight, 1);
        OneOp op = new OneOp()
                .floats("x", DType.BF16, shape(1, 257), ones)
                .floats("w", DType.BF16, shape(1, 257), weight)
                .output("y", DType.BF16, 1, 1)
                .run(PLAIN);
        assertArrayEquals(new float[] {512}, op.floats("y"));
    }

    @Test
    void servesMoreTokensThanShareAWeightRow() {
        float[] x = new float[35];
        for (int t = 0; t < x.length; t++) {
            x[t] = t;
        }
        OneOp op = new OneOp()
                .floats("x", shape(35, 1), x)
                .floats("w", shape(2, 1), 2, -3)
                .output("y", DType.F32, 35, 2)
                .run(PLAIN);
        float[] y = op.floats("y");
        for (int t = 0; t < x.length; t++) {
            assertEquals(2 * t, y[2 * t]);
            assertEquals(-3 * t, y[2 * t + 1], 0f);
        }
    }

    @Test
    void nanStaysInItsRow() {
        OneOp op = new OneOp()
                .floats("x", shape(3, 2), 1, 1, Float.NaN, 1, 2, 2)
                .floats("w", shape(1, 2), 1, 1)
                .output("y", DType.F32, 3, 1)
                .run(PLAIN);
        assertArrayEquals(new float[] {2, Float.NaN, 4}, op.floats("y"));
    }

    @Test
    void noTokensAreFine() {
        OneOp op = new OneOp()
                .floats("x", shape(0, 2))
                .floats("w", shape(1, 2), 1, 1)
                .output("y", DType.F32, 0, 1)
                .run(PLAIN);
        assertEquals(0, op.floats("y").length);
    }

    @Test
    void rowsMayHaveSeveralAxes() {
        OneOp op = new OneOp()
                .floats("x", shape(1, 2, 2), 1, 2, 3, 4)
                .floats("w", shape(1, 4), 1, 10, 100, 1000)
                .output("y", DType.F32, 1, 1, 1)
                .run(PLAIN);
        assertArrayEquals(new float[] {4321}, op.floats("y"));
    }
}
