package dev.filigree.cpu.reference.ops.rmsnorm;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class RmsNormReferenceTest {

    @Test
    void dividesByTheRootMeanSquare() {
        // mean([3 4]^2) = 12.5, root 3.5355339: 3 / root = 0.8485281, 4 / root = 1.1313709 times 2
        OneOp op = new OneOp()
                .floats("x", shape(1, 2), 3, 4)
                .floats("w", shape(2), 1, 2)
                .output("out", DType.F32, 1, 2)
                .run(new RmsNorm(0, ref("x"), ref("w"), ref("out")));
        assertArrayEquals(new float[] {0.8485281f, 2.2627418f}, op.floats("out"), 1e-7f);
    }

    @Test
    void epsIsAddedToTheMeanSquare() {
        // mean square 1, eps 3: root 2; a row of zeros stays 0 and is not NaN
        OneOp op = new OneOp()
                .floats("x", shape(2, 2), 1, -1, 0, 0)
                .floats("w", shape(2), 1, 1)
                .output("out", DType.F32, 2, 2)
                .run(new RmsNorm(3, ref("x"), ref("w"), ref("out")));
        assertArrayEquals(new float[] {0.5f, -0.5f, 0, 0}, op.floats("out"));
    }

    @Test
    void normalisesEachHeadForItselfAndInPlace() {
        // heads [2 2] and [0 4] of one token: roots 2 and sqrt 8
        OneOp op = new OneOp()
                .updated("x", DType.F32, shape(1, 2, 2), 2, 2, 0, 4)
                .floats("w", shape(2), 1, 1)
                .run(new RmsNorm(0, ref("x"), ref("w"), ref("x")));
        assertArrayEquals(new float[] {1, 1, 0, 1.4142135f}, op.floats("x"), 1e-7f);
    }

    @Test
    void nanStaysInItsRow() {
        OneOp op = new OneOp()
                .floats("x", shape(2, 2), 1, Float.NaN, 1, 1)
                .floats("w", shape(2), 1, 1)
                .output("out", DType.F32, 2, 2)
                .run(new RmsNorm(0, ref("x"), ref("w"), ref("out")));
        assertArrayEquals(new float[] {Float.NaN, Float.NaN, 1, 1}, op.floats("out"));
    }

    @Test
    void readsAViewIntoAWiderTensor() {
        OneOp op = new OneOp()
                .floats("x", shape(2, 3), 2, 2, Float.NaN, 5, 5, Float.NaN)
                .view("x", shape(2, 2), 3, 1)
                .floats("w", shape(2), 1, 3)
                .output("out", DType.F32, 2, 2)
                .run(new RmsNorm(0, ref("x"), ref("w"), ref("out")));
        assertArrayEquals(new float[] {1, 3, 1, 3}, op.floats("out"));
    }
}
