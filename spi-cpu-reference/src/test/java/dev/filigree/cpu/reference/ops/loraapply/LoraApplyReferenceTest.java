package dev.filigree.cpu.reference.ops.loraapply;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.LoraApply;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoraApplyReferenceTest {

    private static OneOp apply(float strength0, float strength1, float... y) {
        return new OneOp()
                .floats("x", shape(1, 2), 1, 2)
                .floats("down0", shape(1, 2), 3, 4)
                .floats("up0", shape(2, 1), 1, -1)
                .floats("down1", shape(2, 2), 1, 0, 0, 1)
                .floats("up1", shape(2, 2), 1, 1, 0, 10)
                .floats("strengths", shape(2), strength0, strength1)
                .updated("y", DType.F32, shape(1, 2), y)
                .run(new LoraApply(
                        ref("x"),
                        List.of(ref("down0"), ref("down1")),
                        List.of(ref("up0"), ref("up1")),
                        ref("strengths"),
                        ref("y")));
    }

    @Test
    void addsEveryAdapterAtItsStrength() {
        // adapter 0: hidden 11, [11 -11]; adapter 1: hidden [1 2], [3 20]
        assertArrayEquals(
                new float[] {100 + 5.5f - 3, 200 - 5.5f - 20},
                apply(0.5f, -1, 100, 200).floats("y"));
    }

    @Test
    void strengthZeroChangesNoBit() {
        assertArrayEquals(new float[] {-0f, 7}, apply(0, 0, -0f, 7).floats("y"));
        assertArrayEquals(new float[] {3, 27}, apply(0, 1, -0f, 7).floats("y"));
    }

    @Test
    void rankZeroChangesNoBit() {
        OneOp op = new OneOp()
                .floats("x", shape(1, 2), 1, 2)
                .floats("down", shape(0, 2))
                .floats("up", shape(1, 0))
                .floats("strengths", shape(1), 1)
                .updated("y", DType.F16, shape(1, 1), -0f)
                .run(new LoraApply(ref("x"), List.of(ref("down")), List.of(ref("up")), ref("strengths"), ref("y")));
        assertArrayEquals(new float[] {-0f}, op.floats("y"));
    }
}
