package dev.filigree.cpu.reference.ops.lowrankup;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class LowRankUpReferenceTest {

    @Test
    void addsToTheOutputAndRoundsOnce() {
        // y 256 in bf16 (steps of 2): 1.5 + 1.5 added at once make 260 (259 is a tie to even), one by one 256
        OneOp op = new OneOp()
                .floats("hidden", shape(1, 2), 1.5f, 1.5f)
                .floats("up", shape(2, 2), 1, 1, 2, -2)
                .updated("y", DType.BF16, shape(1, 2), 256, 5)
                .run(new LowRankUp(ref("hidden"), ref("up"), ref("y")));
        assertArrayEquals(new float[] {260, 5}, op.floats("y"));
    }
}
