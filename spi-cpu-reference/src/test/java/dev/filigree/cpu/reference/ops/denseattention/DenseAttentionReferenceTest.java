package dev.filigree.cpu.reference.ops.denseattention;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class DenseAttentionReferenceTest {
    private static final float LN3 = (float) Math.log(3);
    private static final float NONE = Float.NEGATIVE_INFINITY;

    private static DenseAttention dense(HeadMap heads, Masking masking) {
        return new DenseAttention(
                heads, masking, 1, ref("q"), ref("k"), ref("v"), ref("qo"), ref("ko"), ref("out"), ref("lse"));
    }

    /** One head of width 1; keys 0, ln 3, 0 and values 4, 8, 100. */
    private static OneOp oneHead(int lq, int lk) {
        float[] q = new float[lq];
        Arrays.fill(q, 1);
        return new OneOp()
                .floats("q", shape(lq, 1, 1), q)
                .floats("k", shape(lk, 1, 1), Arrays.copyOf(new float[] {0, LN3, 0}, lk))
                .floats("v", shape(lk, 1, 1), Arrays.copyOf(new float[] {4, 8, 100}, lk))
                .ints("qo", shape(2), 0, lq)
                .ints("ko", shape(2), 0, lk)
                .output("out", DType.F32, lq, 1, 1)
                .output("lse", DType.F32, lq, 1);
    }

    @Test
    void weighsValuesBySoftmax() {
        // scores 0 and ln 3: weights 1/4 and 3/4, out (4 + 3 * 8) / 4 = 7, lse ln 4
        OneOp op = oneHead(1, 2).run(dense(HeadMap.all(1, 1), Masking.CAUSAL));
        assertArrayEquals(new float[] {7}, op.floats("out"), 1e-6f);
        assertArrayEquals(new float[] {(float) Math.log(4)}, op.floats("lse"), 1e-6f);
    }

    @Test
    void causalMeansTheLastQuerySeesTheLastKey() {
        // Lq 2, Lk 3: query 0 sees 2 keys (7, ln 4), query 1 sees 3: (4 + 24 + 100) / 5 = 25.6, ln 5
        OneOp op = oneHead(2, 3).run(dense(HeadMap.all(1, 1), Masking.CAUSAL));
        assertArrayEquals(new float[] {7, 25.6f}, op.floats("out"), 1e-5f);
        assertArrayEquals(new float[] {(float) Math.log(4), (float) Math.log(5)}, op.floats("lse"), 1e-6f);
    }

    @Test
    void bidirectionalSeesEverything() {
        OneOp op = oneHead(2, 3).run(dense(HeadMap.all(1, 1), Masking.BIDIRECTIONAL));
        assertArrayEquals(new float[] {25.6f, 25.6f}, op.floats("out"), 1e-5f);
    }

    @Test
    void queriesWithoutAKeyGiveZeroAndMinusInfinity() {
        // Lq 3, Lk 1: queries 0 and 1 stand before the first key
        OneOp op = oneHead(3, 1).run(dense(HeadMap.all(1, 1), Masking.CAUSAL));
        assertArrayEquals(new float[] {0, 0, 4}, op.floats("out"));
        assertArrayEquals(new float[] {NONE, NONE, 0}, op.floats("lse"));
        OneOp noKeys = oneHead(1, 0).run(dense(HeadMap.all(1, 1), Masking.BIDIRECTIONAL));
        assertArrayEquals(new float[] {0}, noKeys.floats("out"));
        assertArrayEquals(new float[] {NONE}, noKeys.floats("lse"));
        assertEquals(
                0, oneHead(0, 2).run(dense(HeadMap.all(1, 1), Masking.CAUSAL)).floats("out").length);
    }

    @Test
    void sequencesOfABatchDoNotSeeEachOther() {
        // sequences of 1, 0 and 2 tokens: out 4; 8, then keys ln 3 and 0: (3 * 8 + 100) / 4 = 31
        OneOp op = new OneOp()
                .floats("q", shape(3, 1, 1), 1, 1, 1)
                .floats("k", shape(3, 1, 1), 0, LN3, 0)
                .floats("v", shape(3, 1, 1), 4, 8, 100)
                .ints("qo", shape(4), 0, 1, 1, 3)
                .ints("ko", shape(4), 0, 1, 1, 3)
                .output("out", DType.F32, 3, 1, 1)
                .output("lse", DType.F32, 3, 1)
                .run(dense(HeadMap.all(1, 1), Masking.CAUSAL));
        assertArrayEquals(new float[] {4, 8, 31}, op.floats("out"), 1e-5f);
    }

    @Test
    void groupsReadTheirKvHeadAndOthersAreLeftAlone() {
        // 4 query heads over 2 KV heads; KV head 1 alone is served, from slot 0 of a tensor with one head
        OneOp op = new OneOp()
                .floats("q", shape(1, 4, 1), 9, 9, 1, 2)
                .floats("k", shape(2, 1, 1), 0, LN3)
                .floats("v", shape(2, 1, 2), 4, 40, 8, 80)
                .ints("qo", shape(2), 0, 1)
                .ints("ko", shape(2), 0, 2)
                .output("out", DType.F32, 1, 4, 2)
                .output("lse", DType.F32, 1, 4)
                .run(dense(HeadMap.byRank(4, 2, List.of(1), List.of(1)), Masking.CAUSAL));
        float[] out = op.floats("out");
        // head 3: scores 0 and 2 ln 3, weights 1/10 and 9/10: 7.6 and 76
        assertArrayEquals(new float[] {7, 70, 7.6f, 76}, Arrays.copyOfRange(out, 4, 8), 1e-5f);
        byte[] untouched = new byte[16];
        Arrays.fill(untouched, OneOp.UNTOUCHED);
        assertArrayEquals(untouched, Arrays.copyOf(op.bytes("out"), 16));
        assertArrayEquals(Arrays.copyOf(untouched, 8), Arrays.copyOf(op.bytes("lse"), 8));
    }

    @Test
    void nanReachesOnlyRowsThatSeeIt() {
        OneOp op = new OneOp()
                .floats("q", shape(3, 1, 1), 1, Float.NaN, 1)
                .floats("k", shape(3, 1, 1), 0, 0, 0)
                .floats("v", shape(3, 1, 1), 1, 2, Float.NaN)
                .ints("qo", shape(2), 0, 3)
                .ints("ko", shape(2), 0, 3)
                .output("out", DType.F32, 3, 1, 1)
                .output("lse", DType.F32, 3, 1)
                .run(dense(HeadMap.all(1, 1), Masking.CAUSAL));
        assertArrayEquals(new float[] {1, Float.NaN, Float.NaN}, op.floats("out"));
        assertArrayEquals(new float[] {0, Float.NaN, (float) Math.log(3)}, op.floats("lse"), 1e-6f);
    }

    @Test
    void scoresFarApartNeitherOverflowNorVanish() {
        OneOp op = new OneOp()
                .floats("q", shape(1, 1, 1), 100)
                .floats("k", shape(2, 1, 1), -100, 100)
                .floats("v", shape(2, 1, 1), 1, 2)
                .ints("qo", shape(2), 0, 1)
                .ints("ko", shape(2), 0, 2)
                .output("out", DType.F32, 1, 1, 1)
                .output("lse", DType.F32, 1, 1)
                .run(dense(HeadMap.all(1, 1), Masking.CAUSAL));
        assertArrayEquals(new float[] {2}, op.floats("out"));
        assertArrayEquals(new float[] {10000}, op.floats("lse"));
    }
}
