package dev.filigree.cpu.reference.ops.streamingattention;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StreamingAttentionReferenceTest {

    private static StreamingAttention streaming(int sink, int recent, boolean positions) {
        return new StreamingAttention(
                HeadMap.all(1, 1),
                new HeadPattern.Streaming(sink, recent),
                1,
                ref("q"),
                ref("k"),
                ref("v"),
                ref("qo"),
                ref("ko"),
                positions ? Optional.of(ref("qp")) : Optional.empty(),
                positions ? Optional.of(ref("kp")) : Optional.empty(),
                ref("out"),
                ref("lse"));
    }

    /** Equal scores, so out is the mean of the values seen; value j is 2^j, so the sum names the keys. */
    private static OneOp powers(int lq, int lk) {
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
                .output("out", DType.F32, lq, 1, 1)
                .output("lse", DType.F32, lq, 1);
    }

    /** The keys that each query saw, as a bit set. */
    private static int[] seen(OneOp op) {
        float[] out = op.floats("out");
        float[] lse = op.floats("lse");
        return IntStream.range(0, out.length)
                .map(i -> (int) Math.rint(out[i] * Math.exp(lse[i])))
                .toArray();
    }

    @Test
    void seesTheSinkAndTheRecentTokensIncludingItsOwn() {
        // sink 1, recent 2: query p sees 0, p - 1, p
        OneOp op = powers(5, 5).run(streaming(1, 2, false));
        assertArrayEquals(new int[] {0b1, 0b11, 0b111, 0b1101, 0b11001}, seen(op));
    }

    @Test
    void aChunkSeesWhatTheWholePromptSees() {
        OneOp op = powers(2, 5).run(streaming(1, 2, false));
        assertArrayEquals(new int[] {0b1101, 0b11001}, seen(op));
    }

    @Test
    void theSmallestAndTheLargestWindow() {
        assertArrayEquals(new int[] {1, 2, 4}, seen(powers(3, 3).run(streaming(0, 1, false))));
        assertArrayEquals(new int[] {1, 3, 7}, seen(powers(3, 3).run(streaming(9, 1, false))));
        assertArrayEquals(new int[] {1, 3, 7}, seen(powers(3, 3).run(streaming(0, 9, false))));
    }

    @Test
    void explicitPositionsServeARingThatLostItsMiddle() {
        // rows at positions 0, 7, 8, 9; queries at 8 and 9 with sink 1, recent 2
        OneOp op = powers(2, 4)
                .ints("qp", shape(2), 8, 9)
                .ints("kp", shape(4), 0, 7, 8, 9)
                .run(streaming(1, 2, true));
        assertArrayEquals(new int[] {0b0111, 0b1101}, seen(op));
    }

    @Test
    void queriesBeforeTheFirstKeySeeNothing() {
        OneOp op = powers(3, 2).run(streaming(1, 1, false));
        assertArrayEquals(new float[] {0, 1, 1.5f}, op.floats("out"), 1e-6f);
        assertEquals(Float.NEGATIVE_INFINITY, op.floats("lse")[0]);
    }
}
