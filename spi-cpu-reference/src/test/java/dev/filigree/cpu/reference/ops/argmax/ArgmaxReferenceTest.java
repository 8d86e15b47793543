package dev.filigree.cpu.reference.ops.argmax;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.Argmax;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class ArgmaxReferenceTest {

    @Test
    void takesTheLowestIndexAmongEqualsAndTheFirstNan() {
        OneOp op = new OneOp()
                .floats(
                        "logits",
                        shape(5, 3),
                        1,
                        3,
                        3,
                        -0f,
                        0f,
                        -1,
                        9,
                        Float.NaN,
                        Float.NaN,
                        Float.NaN,
                        1,
                        2,
                        -5,
                        -4,
                        -4)
                .output("tokens", DType.I32, 5)
                .run(new Argmax(ref("logits"), ref("tokens")));
        assertArrayEquals(new int[] {1, 0, 1, 0, 1}, op.ints("tokens"));
    }

    @Test
    void allMinusInfinityIsTheFirstIndex() {
        float low = Float.NEGATIVE_INFINITY;
        OneOp op = new OneOp()
                .floats("logits", shape(1, 2), low, low)
                .output("tokens", DType.I32, 1)
                .run(new Argmax(ref("logits"), ref("tokens")));
        assertArrayEquals(new int[] {0}, op.ints("tokens"));
    }
}
