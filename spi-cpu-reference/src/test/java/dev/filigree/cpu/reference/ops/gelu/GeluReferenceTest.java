package dev.filigree.cpu.reference.ops.gelu;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.op.Gelu;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GeluReferenceTest {

    @Test
    void exactFormIsXTimesTheNormalDistribution() {
        // Phi(1) = 0.8413447461, Phi(-1) = 0.1586552539, Phi(3) = 0.9986501020, Phi(-10) = 7.6198530e-24
        OneOp op = new OneOp()
                .floats("x", shape(1, 5), 1, -1, 3, 0, -10)
                .output("out", DType.F32, 1, 5)
                .run(new Gelu(Gelu.Form.ERF, ref("x"), ref("out")));
        float[] out = op.floats("out");
        assertArrayEquals(new float[] {0.84134475f, -0.15865525f, 2.9959503f, 0}, Arrays.copyOf(out, 4), 1e-7f);
        assertEquals(-7.619853e-23f, out[4], 1e-28f);
    }

    @Test
    void tanhFormFollowsItsFormula() {
        // x = 1: tanh(0.7978845608 * 1.044715) = tanh(0.8335618) = 0.6823838, (1 + that) / 2 = 0.8411919
        OneOp op = new OneOp()
                .floats("x", shape(1, 3), 1, 0, -100)
                .output("out", DType.F32, 1, 3)
                .run(new Gelu(Gelu.Form.TANH, ref("x"), ref("out")));
        assertArrayEquals(new float[] {0.8411919f, 0, 0}, op.floats("out"), 1e-6f);
    }

    @Test
    void erfcAgreesWithTabledValuesOnBothSidesOfTheSwitch() {
        // Abramowitz and Stegun 1964, table 7.1: erf(0.5) = 0.5204998778, erf(1.5) = 0.9661051465, erf(2) =
        // 0.9953222650
        assertEquals(1 - 0.5204998778, Erf.erfc(0.5), 1e-10);
        assertEquals(1 - 0.9661051465, Erf.erfc(1.5), 1e-10);
        assertEquals(1 - 0.9953222650, Erf.erfc(2), 1e-10);
        assertEquals(1 + 0.9953222650, Erf.erfc(-2), 1e-10);
        assertEquals(Erf.erfc(2), Erf.erfc(Math.nextUp(2.0)), 1e-15);
        assertTrue(Double.isNaN(Erf.erfc(Double.NaN)));
    }
}
