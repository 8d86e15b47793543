package dev.filigree.cpu.reference.ops.layernorm;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.LayerNorm;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LayerNormReferenceTest {

    @Test
    void centresAndDividesByTheDeviation() {
        // [1 2 3]: mean 2, biased variance 2/3, 1 / sqrt(2/3) = 1.2247449
        OneOp op = new OneOp()
                .floats("x", shape(1, 3), 1, 2, 3)
                .floats("w", shape(3), 1, 1, 2)
                .floats("b", shape(3), 0, 5, 1)
                .output("out", DType.F32, 1, 3)
                .run(new LayerNorm(0, ref("x"), Optional.of(ref("w")), Optional.of(ref("b")), ref("out")));
        assertArrayEquals(new float[] {-1.2247449f, 5, 3.4494897f}, op.floats("out"), 1e-6f);
    }

    @Test
    void weightAndBiasMayBeAbsent() {
        OneOp op = new OneOp()
                .floats("x", shape(2, 2), -1, 1, 7, 7)
                .output("out", DType.F32, 2, 2)
                .run(new LayerNorm(3, ref("x"), Optional.empty(), Optional.empty(), ref("out")));
        assertArrayEquals(new float[] {-0.5f, 0.5f, 0, 0}, op.floats("out"));
    }

    @Test
    void aLargeMeanDoesNotEatTheVariance() {
        // mean 1e6, differences -1 and 1: E[x^2] - mean^2 in fp32 would lose them
        OneOp op = new OneOp()
                .floats("x", shape(1, 2), 999_999, 1_000_001)
                .output("out", DType.F32, 1, 2)
                .run(new LayerNorm(0, ref("x"), Optional.empty(), Optional.empty(), ref("out")));
        assertArrayEquals(new float[] {-1, 1}, op.floats("out"));
    }
}
