package dev.filigree.cpu.reference.ops.pagedattention;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import dev.filigree.cpu.reference.testing.Pages;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PagedAttentionReferenceTest {
    private static final KvPageLayout LAYOUT = new KvPageLayout(1, 2, 1, 1, KvPrecision.F32, KvPrecision.F32, 0);

    /** Three pages of two tokens with equal keys; the value at position j is 2^j. Page ids are out of order. */
    private static OneOp powers(int lq, int kvLength) {
        int[] table = {2, 0, 1};
        byte[] content = Pages.empty(LAYOUT, 3);
        var bytes = java.nio.ByteBuffer.wrap(content).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int j = 0; j < 6; j++) {
            long page = table[j / 2] * LAYOUT.pageBytes();
            bytes.putFloat((int) (page + LAYOUT.vDataOffset()) + 4 * (j % 2), 1 << j);
        }
        return new OneOp()
                .codes("pages", DType.U8, shape(3, LAYOUT.pageBytes()), unsigned(content))
                .ints("table", shape(1, 3), table)
                .floats("q", shape(lq, 1, 1), new float[lq])
                .ints("qo", shape(2), 0, lq)
                .ints("lengths", shape(1), kvLength)
                .output("out", DType.F32, lq, 1, 1)
                .output("lse", DType.F32, lq, 1);
    }

    private static int[] unsigned(byte[] bytes) {
        return IntStream.range(0, bytes.length).map(i -> bytes[i] & 0xff).toArray();
    }

    private static int[] seen(OneOp op, HeadPattern pattern, Optional<PageChoice> choice) {
        op.run(new PagedAttention(
                HeadMap.all(1, 1),
                pattern,
                1,
                new KvPages(LAYOUT, KvAddressing.LINEAR, ref("pages"), ref("table")),
                ref("q"),
                ref("qo"),
                ref("lengths"),
                choice,
                ref("out"),
                ref("lse")));
        float[] out = op.floats("out");
        float[] lse = op.floats("lse");
        return IntStream.range(0, out.length)
                .map(i -> (int) Math.rint(out[i] * Math.exp(lse[i])))
                .toArray();
    }

    @Test
    void queriesSeeTheCacheUpToTheirPosition() {
        assertArrayEquals(new int[] {0b1111, 0b11111}, seen(powers(2, 5), HeadPattern.DENSE, Optional.empty()));
        assertArrayEquals(new int[] {0b1}, seen(powers(1, 1), HeadPattern.DENSE, Optional.empty()));
    }

    @Test
    void streamingHeadsSeeSinkAndRecent() {
        HeadPattern pattern = new HeadPattern.Streaming(1, 2);
        assertArrayEquals(new int[] {0b1101, 0b11001}, seen(powers(2, 5), pattern, Optional.empty()));
    }

    @Test
    void onlyChosenPagesAreRead() {
        // the list of slot 1: pages 0 and 2; the newest token is at position 4
        PageChoice choice =
                new PageChoice(ref("counts"), ref("chosen"), ref("slots"), PageChoice.SelectionScope.QUERY_HEAD);
        OneOp op = powers(1, 5)
                .ints("counts", shape(2, 1), 0, 2)
                .ints("chosen", shape(2, 1, 3), 9, 9, 9, 0, 2, 9)
                .ints("slots", shape(1), 1);
        assertArrayEquals(new int[] {0b10011}, seen(op, HeadPattern.DENSE, Optional.of(choice)));
    }

    @Test
    void anEmptyCacheGivesZeroAndMinusInfinity() {
        // two queries but one cached token: the first stands at position -1
        OneOp op = powers(2, 1);
        seen(op, HeadPattern.DENSE, Optional.empty());
        assertArrayEquals(new float[] {0, 1}, op.floats("out"));
        assertEquals(Float.NEGATIVE_INFINITY, op.floats("lse")[0]);
    }
}
