package dev.filigree.cpu.reference.ops.lowbitlinear;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LowBitLinearReferenceTest {
    private static final QuantFormat I4_PAIRS = new QuantFormat(DType.I4, 2, DType.F16);

    @Test
    void multipliesTheNumbersThatCodesStandFor() {
        // x = [1 -2 | 3 4] * [0.5 | 2] = [0.5 -1 6 8]; w = [2 1 | -1 7] * [1 | 0.25] = [2 1 -0.25 1.75]
        // 1 - 1 - 1.5 + 14 = 12.5; times channel scale 2, plus bias 1
        OneOp op = new OneOp()
                .codes("x", DType.I4, shape(1, 4), 1, -2, 3, 4)
                .floats("xs", DType.F16, shape(1, 2), 0.5f, 2)
                .codes("w", DType.I4, shape(1, 4), 2, 1, -1, 7)
                .floats("ws", DType.F16, shape(1, 2), 1, 0.25f)
                .floats("channel", shape(1), 2)
                .floats("b", shape(1), 1)
                .output("y", DType.F32, 1, 1)
                .run(new LowBitLinear(
                        I4_PAIRS,
                        Optional.of(I4_PAIRS),
                        ref("x"),
                        Optional.of(ref("xs")),
                        Optional.empty(),
                        ref("w"),
                        ref("ws"),
                        Optional.empty(),
                        Optional.of(ref("channel")),
                        Optional.of(ref("b")),
                        ref("y")));
        assertArrayEquals(new float[] {26}, op.floats("y"));
    }

    @Test
    void groupsOfBothSidesMayDiffer() {
        // x = [10 20 -30] * 0.1 in one row; w = [1 2 | -8] * [3 | 0.5]: 1 * 3 + 2 * 6 + 3 * 4 = 27
        OneOp op = new OneOp()
                .codes("x", DType.I8, shape(1, 3), 10, 20, -30)
                .floats("xs", shape(1, 1), 0.1f)
                .codes("w", DType.I4, shape(1, 3), 1, 2, -8)
                .floats("ws", DType.F16, shape(1, 2), 3, 0.5f)
                .output("y", DType.F32, 1, 1)
                .run(new LowBitLinear(
                        I4_PAIRS,
                        Optional.of(QuantFormat.INT8_ROW),
                        ref("x"),
                        Optional.of(ref("xs")),
                        Optional.empty(),
                        ref("w"),
                        ref("ws"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        ref("y")));
        assertArrayEquals(new float[] {27}, op.floats("y"), 1e-5f);
    }

    @Test
    void weightsMayHaveZerosAndActivationsNoCodes() {
        // w = 0.5 * [15 0] - 3 = [4.5 -3]; 17 tokens, more than share a weight row
        float[] x = new float[34];
        for (int t = 0; t < 17; t++) {
            x[2 * t] = t;
            x[2 * t + 1] = 1;
        }
        OneOp op = new OneOp()
                .floats("x", DType.BF16, shape(17, 2), x)
                .codes("w", DType.U4, shape(1, 2), 15, 0)
                .floats("ws", shape(1, 1), 0.5f)
                .floats("zeros", shape(1, 1), -3)
                .output("y", DType.F32, 17, 1)
                .run(new LowBitLinear(
                        new QuantFormat(DType.U4, 0, DType.F32),
                        Optional.empty(),
                        ref("x"),
                        Optional.empty(),
                        Optional.empty(),
                        ref("w"),
                        ref("ws"),
                        Optional.of(ref("zeros")),
                        Optional.empty(),
                        Optional.empty(),
                        ref("y")));
        for (int t = 0; t < 17; t++) {
            assertEquals(4.5f * t - 3, op.floats("y")[t]);
        }
    }

    @Test
    void nvfp4WeightsAndNanScales() {
        // e2m1 codes 7 and 9 are 6 and -0.5, scale e4m3 1.125; a NaN x scale spoils its row only
        QuantFormat format = new QuantFormat(DType.E2M1, 2, DType.E4M3);
        OneOp op = new OneOp()
                .codes("x", DType.E2M1, shape(2, 2), 2, 2, 2, 2)
                .floats("xs", DType.E4M3, shape(2, 1), 2, Float.NaN)
                .codes("w", DType.E2M1, shape(1, 2), 7, 9)
                .floats("ws", DType.E4M3, shape(1, 1), 1.125f)
                .output("y", DType.F32, 2, 1)
                .run(new LowBitLinear(
                        format,
                        Optional.of(format),
                        ref("x"),
                        Optional.of(ref("xs")),
                        Optional.empty(),
                        ref("w"),
                        ref("ws"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        ref("y")));
        // x = 1 * 2: 2 * 1.125 * (6 - 0.5) = 12.375
        assertArrayEquals(new float[] {12.375f, Float.NaN}, op.floats("y"));
    }
}
