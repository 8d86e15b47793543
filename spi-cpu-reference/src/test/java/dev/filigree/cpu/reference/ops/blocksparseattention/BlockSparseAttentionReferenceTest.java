package dev.filigree.cpu.reference.ops.blocksparseattention;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BlockSparseAttentionReferenceTest {

    /** Equal scores; value j is 2^j, so out times the number of keys names the keys seen. */
    private static OneOp powers(int lq, int lk, int numQBlocks, int maxKvBlocks, int[] counts, int... indices) {
        float[] v = new float[lk];
        for (int j = 0; j < lk; j++) {
            v[j] = 1 << j;
        }
        return new OneOp()
                .floats("q", shape(lq, 1, 1), new float[lq])
                .floats("k", shape(lk, 1, 1), new float[lk])
                .floats("v", shape(lk, 1, 1), v)
                .ints("qo", shape(2), 0, lq)
                .ints("ko", shape(2), 0, lk)
                .ints("qb", shape(2), 0, numQBlocks)
                .ints("counts", shape(numQBlocks, 1), counts)
                .ints("indices", shape(numQBlocks, 1, maxKvBlocks), indices)
                .output("out", DType.F32, lq, 1, 1)
                .output("lse", DType.F32, lq, 1);
    }

    private static int[] seen(OneOp op, Masking masking) {
        op.run(new BlockSparseAttention(
                HeadMap.all(1, 1),
                masking,
                1,
                2,
                ref("q"),
                ref("k"),
                ref("v"),
                ref("qo"),
                ref("ko"),
                ref("qb"),
                ref("counts"),
                ref("indices"),
                ref("out"),
                ref("lse")));
        float[] out = op.floats("out");
        float[] lse = op.floats("lse");
        return IntStream.range(0, out.length)
                .map(i -> (int) Math.rint(out[i] * Math.exp(lse[i])))
                .toArray();
    }

    @Test
    void seesTheChosenBlocksUnderTheCausalMask() {
        // blocks of 2; row 0 {0}, row 1 {1}, row 2 {0, 2}
        OneOp op = powers(6, 6, 3, 3, new int[] {1, 1, 2}, 0, -1, -1, 1, -1, -1, 0, 2, -1);
        assertArrayEquals(new int[] {0b1, 0b11, 0b100, 0b1100, 0b10011, 0b110011}, seen(op, Masking.CAUSAL));
    }

    @Test
    void blockRowsAreAnchoredAtAbsolutePositions() {
        // queries at positions 3, 4, 5: position 3 is alone in the first block row
        OneOp op = powers(3, 6, 2, 3, new int[] {1, 1}, 0, -1, -1, 2, -1, -1);
        assertArrayEquals(new int[] {0b11, 0b10000, 0b110000}, seen(op, Masking.CAUSAL));
    }

    @Test
    void bidirectionalRowsSeeWholeBlocksButNotPastTheEnd() {
        OneOp op = powers(3, 3, 2, 2, new int[] {2, 1}, 0, 1, 1, -1);
        assertArrayEquals(new int[] {0b111, 0b111, 0b100}, seen(op, Masking.BIDIRECTIONAL));
    }

    @Test
    void anEmptyListGivesZeroAndMinusInfinity() {
        OneOp op = powers(2, 2, 1, 1, new int[] {0}, 7);
        seen(op, Masking.CAUSAL);
        assertArrayEquals(new float[] {0, 0}, op.floats("out"));
        float none = Float.NEGATIVE_INFINITY;
        assertArrayEquals(new float[] {none, none}, op.floats("lse"));
    }

    @Test
    void nanInAnUnchosenBlockDoesNotLeak() {
        OneOp op = powers(4, 4, 2, 2, new int[] {1, 1}, 0, -1, 0, -1)
                .floats("v", shape(4, 1, 1), 1, 2, Float.NaN, Float.NaN);
        assertArrayEquals(new int[] {1, 3, 3, 3}, seen(op, Masking.CAUSAL));
    }
}
