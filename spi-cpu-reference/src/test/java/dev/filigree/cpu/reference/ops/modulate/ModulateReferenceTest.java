package dev.filigree.cpu.reference.ops.modulate;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.Modulate;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ModulateReferenceTest {

    @Test
    void scalesAndShiftsEachSequenceByItsRow() {
        OneOp op = new OneOp()
                .floats("x", shape(3, 2), 1, 2, 3, 4, 5, Float.NaN)
                .ints("qOffsets", shape(4), 0, 1, 1, 3)
                .floats("scale", shape(3, 2), 1, 0, 9, 9, -1, 0.5f)
                .floats("shift", shape(3, 2), 10, 20, 99, 99, 30, 40)
                .output("out", DType.F32, 3, 2)
                .run(new Modulate(
                        1,
                        ref("x"),
                        ref("qOffsets"),
                        Optional.of(ref("scale")),
                        Optional.of(ref("shift")),
                        Optional.empty(),
                        ref("out")));
        assertArrayEquals(new float[] {12, 22, 30, 46, 30, Float.NaN}, op.floats("out"));
    }

    @Test
    void gatesIntoTheResidualInPlace() {
        OneOp op = new OneOp()
                .floats("x", shape(2, 2), 1, 2, 3, 4)
                .ints("qOffsets", shape(2), 0, 2)
                .floats("gate", shape(1, 2), 2, -1)
                .updated("stream", DType.F16, shape(2, 2), 100, 200, 300, 400)
                .run(new Modulate(
                        0,
                        ref("x"),
                        ref("qOffsets"),
                        Optional.of(ref("gate")),
                        Optional.empty(),
                        Optional.of(ref("stream")),
                        ref("stream")));
        assertArrayEquals(new float[] {102, 198, 306, 396}, op.floats("stream"));
    }

    @Test
    void addsAMultipleWithoutAScale() {
        OneOp op = new OneOp()
                .floats("v", shape(1, 3), 1, 2, 4)
                .ints("qOffsets", shape(2), 0, 1)
                .updated("x", DType.F32, shape(1, 3), 1, 1, 1)
                .run(new Modulate(
                        -0.5f,
                        ref("v"),
                        ref("qOffsets"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(ref("x")),
                        ref("x")));
        assertArrayEquals(new float[] {0.5f, 0, -1}, op.floats("x"));
    }
}
