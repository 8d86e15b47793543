package dev.filigree.cpu.reference.ops.add;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.Add;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class AddReferenceTest {

    @Test
    void addsElementByElementIntoEither() {
        OneOp op = new OneOp()
                .updated("a", DType.F16, shape(2, 2), 1, 2, 3, Float.NaN)
                .floats("b", shape(2, 2), 10, 20, 30, 40)
                .run(new Add(ref("a"), ref("b"), ref("a")));
        assertArrayEquals(new float[] {11, 22, 33, Float.NaN}, op.floats("a"));
    }
}
