package dev.filigree.cpu.reference.ops.mergestates;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.op.MergeStates;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MergeStatesReferenceTest {
    private static final float NONE = Float.NEGATIVE_INFINITY;

    private static OneOp merge(float[] lses, float... outs) {
        OneOp op = new OneOp().output("out", DType.F32, 1, 1, 1).output("lse", DType.F32, 1, 1);
        for (int i = 0; i < outs.length; i++) {
            op.floats("out" + i, shape(1, 1, 1), outs[i]).floats("lse" + i, shape(1, 1), lses[i]);
        }
        return op.run(new MergeStates(
                IntStream.range(0, outs.length).mapToObj(i -> ref("out" + i)).toList(),
                IntStream.range(0, outs.length).mapToObj(i -> ref("lse" + i)).toList(),
                ref("out"),
                ref("lse")));
    }

    @Test
    void weighsPartsByTheirShareOfTheDenominator() {
        // denominators 1 and 3: (1 * 4 + 3 * 8) / 4 = 7
        OneOp op = merge(new float[] {0, (float) Math.log(3)}, 4, 8);
        assertArrayEquals(new float[] {7}, op.floats("out"), 1e-6f);
        assertArrayEquals(new float[] {(float) Math.log(4)}, op.floats("lse"), 1e-6f);
    }

    @Test
    void aPartWithoutKeysIsTheIdentity() {
        OneOp op = merge(new float[] {NONE, 2, NONE}, Float.NaN, 5, 0);
        assertArrayEquals(new float[] {5}, op.floats("out"));
        assertArrayEquals(new float[] {2}, op.floats("lse"));
    }

    @Test
    void onlyPartsWithoutKeysGiveNothing() {
        OneOp op = merge(new float[] {NONE, NONE}, 3, 4);
        assertArrayEquals(new float[] {0}, op.floats("out"));
        assertArrayEquals(new float[] {NONE}, op.floats("lse"));
    }

    @Test
    void nanInAPartReachesItsRow() {
        assertTrue(Float.isNaN(merge(new float[] {Float.NaN, 0}, 1, 2).floats("out")[0]));
        assertTrue(Float.isNaN(merge(new float[] {0, 0}, Float.NaN, 2).floats("out")[0]));
    }

    @Test
    void largeLsesDoNotOverflow() {
        OneOp op = merge(new float[] {5000, 5000}, 2, 4);
        assertArrayEquals(new float[] {3}, op.floats("out"));
        assertArrayEquals(new float[] {5000 + (float) Math.log(2)}, op.floats("lse"), 1e-3f);
    }

    @Test
    void theResultMayReplaceAPart() {
        OneOp op = new OneOp()
                .updated("a", DType.F32, shape(1, 1, 2), 4, 40)
                .updated("al", DType.F32, shape(1, 1), 0)
                .floats("b", shape(1, 1, 2), 8, 80)
                .floats("bl", shape(1, 1), (float) Math.log(3))
                .run(new MergeStates(List.of(ref("a"), ref("b")), List.of(ref("al"), ref("bl")), ref("a"), ref("al")));
        assertArrayEquals(new float[] {7, 70}, op.floats("a"), 1e-5f);
        assertArrayEquals(new float[] {(float) Math.log(4)}, op.floats("al"), 1e-6f);
    }
}
