package dev.filigree.cpu.reference.ops.kvcopy;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.op.KvCopy;
import dev.filigree.cpu.reference.testing.OneOp;
import org.junit.jupiter.api.Test;

class KvCopyReferenceTest {

    @Test
    void copiesWholePages() {
        OneOp op = new OneOp()
                .pages("pages", 4, 2, new byte[] {0, 1, 10, 11, 20, 21, 30, 31})
                .ints("sources", shape(2), 0, 2)
                .ints("targets", shape(2), 3, 1)
                .run(new KvCopy(ref("pages"), ref("sources"), ref("targets")));
        assertArrayEquals(new byte[] {0, 1, 20, 21, 20, 21, 0, 1}, op.bytes("pages"));
    }
}
