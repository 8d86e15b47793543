package dev.filigree.cpu.reference.ops.swiglu;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class SwiGluReferenceTest {

    @Test
    void gatesBySigmoid() {
        // sigmoid(ln 3) = 3/4: ln 3 * 0.75 * 2 = 1.6479184; sigmoid(0) = 1/2, gate 0
        float ln3 = (float) Math.log(3);
        OneOp op = new OneOp()
                .floats("gate", shape(1, 2), ln3, 0)
                .floats("up", shape(1, 2), 2, 9)
                .output("out", DType.F32, 1, 2)
                .run(new SwiGlu(ref("gate"), ref("up"), ref("out")));
        assertArrayEquals(new float[] {1.6479184f, 0}, op.floats("out"), 1e-6f);
    }

    @Test
    void farGatesDoNotOverflow() {
        OneOp op = new OneOp()
                .updated("gate", DType.F32, shape(1, 3), -2000, 2000, Float.NaN)
                .floats("up", shape(1, 3), 1, 1, 1)
                .run(new SwiGlu(ref("gate"), ref("up"), ref("gate")));
        assertArrayEquals(new float[] {-0f, 2000, Float.NaN}, op.floats("gate"));
    }
}
