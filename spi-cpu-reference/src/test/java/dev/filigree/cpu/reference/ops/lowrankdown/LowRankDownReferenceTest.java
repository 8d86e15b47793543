package dev.filigree.cpu.reference.ops.lowrankdown;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class LowRankDownReferenceTest {

    @Test
    void projectsToTheRankInFp32() {
        // [1 2 3] . [1 1 1] = 6, . [0 0 0.001] = 0.003 which bf16 would round
        OneOp op = new OneOp()
                .floats("x", DType.BF16, shape(1, 3), 1, 2, 3)
                .floats("down", shape(2, 3), 1, 1, 1, 0, 0, 0.001f)
                .output("hidden", DType.F32, 1, 2)
                .run(new LowRankDown(ref("x"), ref("down"), ref("hidden")));
        assertArrayEquals(new float[] {6, 0.003f}, op.floats("hidden"));
    }
}
