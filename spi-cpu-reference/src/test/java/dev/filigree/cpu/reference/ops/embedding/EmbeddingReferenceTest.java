package dev.filigree.cpu.reference.ops.embedding;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.op.Embedding;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class EmbeddingReferenceTest {

    @Test
    void copiesRowsByIndexAndConvertsTheDtype() {
        OneOp op = new OneOp()
                .floats("table", DType.BF16, shape(3, 2), 0, 1, 2, 3, 4, 5)
                .ints("ids", shape(4), 2, 0, 2, 1)
                .output("out", DType.F32, 4, 2)
                .run(new Embedding(ref("table"), ref("ids"), ref("out")));
        assertArrayEquals(new float[] {4, 5, 0, 1, 4, 5, 2, 3}, op.floats("out"));
    }

    @Test
    void anIndexOutsideTheTableGivesANanRow() {
        OneOp op = new OneOp()
                .floats("table", shape(2, 1), 7, 8)
                .ints("ids", shape(4), -1, 2, Integer.MAX_VALUE, 1)
                .output("out", DType.F32, 4, 1)
                .run(new Embedding(ref("table"), ref("ids"), ref("out")));
        assertArrayEquals(new float[] {Float.NaN, Float.NaN, Float.NaN, 8}, op.floats("out"));
    }

    @Test
    void noIndicesGiveNoRows() {
        OneOp op = new OneOp()
                .floats("table", shape(2, 1), 7, 8)
                .ints("ids", shape(0))
                .output("out", DType.F32, 0, 1)
                .run(new Embedding(ref("table"), ref("ids"), ref("out")));
        assertEquals(0, op.floats("out").length);
    }
}
