package dev.filigree.cpu.reference.ops.rope;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.Rope;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class RopeReferenceTest {
    /** A quarter turn per position. */
    private static final float QUARTER = (float) (Math.PI / 2);

    private static Rope rope(Rotary.Style style, int rotaryDim, float magnitude) {
        return new Rope(new Rotary(style, rotaryDim, magnitude, ref("f")), ref("x"), ref("p"), ref("out"));
    }

    @Test
    void halfSplitPairsChannelsHalfTheRotaryDimApart() {
        // pairs (1, 3) and (2, 4): the first turns by 90 degrees, (a, b) -> (-b, a); the second by 0
        OneOp op = new OneOp()
                .floats("x", shape(1, 1, 4), 1, 2, 3, 4)
                .ints("p", shape(1), 1)
                .floats("f", shape(2), QUARTER, 0)
                .output("out", DType.F32, 1, 1, 4)
                .run(rope(Rotary.Style.HALF_SPLIT, 4, 1));
        assertArrayEquals(new float[] {-3, 2, 1, 4}, op.floats("out"), 1e-6f);
    }

    @Test
    void interleavedPairsNeighbours() {
        OneOp op = new OneOp()
                .floats("x", shape(1, 1, 4), 1, 2, 3, 4)
                .ints("p", shape(1), 1)
                .floats("f", shape(2), QUARTER, 0)
                .output("out", DType.F32, 1, 1, 4)
                .run(rope(Rotary.Style.INTERLEAVED, 4, 1));
        assertArrayEquals(new float[] {-2, 1, 3, 4}, op.floats("out"), 1e-6f);
    }

    @Test
    void channelsPastTheRotaryDimPassThroughWithoutMagnitude() {
        OneOp op = new OneOp()
                .floats("x", shape(1, 1, 4), 1, 2, 3, 4)
                .ints("p", shape(1), 2)
                .floats("f", shape(1), QUARTER)
                .output("out", DType.F32, 1, 1, 4)
                .run(rope(Rotary.Style.HALF_SPLIT, 2, 0.5f));
        assertArrayEquals(new float[] {-0.5f, -1, 3, 4}, op.floats("out"), 1e-6f);
    }

    @Test
    void everyHeadOfATokenTurnsByItsPositionInPlace() {
        OneOp op = new OneOp()
                .updated("out", DType.F32, shape(2, 2, 2), 1, 0, 0, 1, 1, 0, 0, 1)
                .ints("p", shape(2), 0, 1)
                .floats("f", shape(1), QUARTER)
                .run(new Rope(new Rotary(Rotary.Style.HALF_SPLIT, 2, 1, ref("f")), ref("out"), ref("p"), ref("out")));
        assertArrayEquals(new float[] {1, 0, 0, 1, 0, 1, -1, 0}, op.floats("out"), 1e-6f);
    }

    @Test
    void theAngleIsRoundedToFp32() {
        // 3,000,001 * 0.1f = 300000.1044703...; its fp32 neighbour is 300000.09375
        OneOp op = new OneOp()
                .floats("x", shape(1, 1, 2), 1, 0)
                .ints("p", shape(1), 3_000_001)
                .floats("f", shape(1), 0.1f)
                .output("out", DType.F32, 1, 1, 2)
                .run(rope(Rotary.Style.HALF_SPLIT, 2, 1));
        float[] expected = {(float) Math.cos(300000.09375), (float) Math.sin(300000.09375)};
        assertArrayEquals(expected, op.floats("out"));
    }
}
