package dev.filigree.cpu.reference.ops.kvevict;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.KvEvict;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class KvEvictReferenceTest {

    @Test
    void whatReturnsIsWhatLeft() {
        OneOp op = new OneOp()
                .pages("pages", 3, 2, new byte[] {0, 1, 10, 11, 20, 21})
                .ints("ids", shape(2), 2, 0)
                .pages("staging", 2, 2, new byte[4])
                .run(new KvEvict(KvEvict.Direction.OUT, ref("pages"), ref("ids"), ref("staging")));
        assertArrayEquals(new byte[] {20, 21, 0, 1}, op.bytes("staging"));
        assertArrayEquals(new byte[] {0, 1, 10, 11, 20, 21}, op.bytes("pages"));
        op.pages("pages", 3, 2, new byte[6])
                .run(new KvEvict(KvEvict.Direction.BACK, ref("pages"), ref("ids"), ref("staging")));
        assertArrayEquals(new byte[] {0, 1, 0, 0, 20, 21}, op.bytes("pages"));
    }
}
