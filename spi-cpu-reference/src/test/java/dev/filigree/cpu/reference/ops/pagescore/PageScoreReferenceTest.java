package dev.filigree.cpu.reference.ops.pagescore;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import dev.filigree.cpu.reference.testing.Pages;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PageScoreReferenceTest {
    private static final KvPageLayout LAYOUT = new KvPageLayout(1, 4, 2, 2, KvPrecision.F32, KvPrecision.F32, 2);
    private static final KvPages KV = new KvPages(LAYOUT, KvAddressing.LINEAR, ref("pages"), ref("table"));

    /** Tokens (1,1) (3,0) | (0,-5) (4,4) and (9,9) on the second page; two query heads (1,-2) and (-1,0). */
    private static OneOp pages(int kvLength) {
        return new OneOp()
                .pages("pages", 2, LAYOUT.pageBytes(), Pages.empty(LAYOUT, 2))
                .ints("table", shape(1, 2), 1, 0)
                .floats("k", shape(5, 1, 2), 1, 1, 3, 0, 0, -5, 4, 4, 9, 9)
                .floats("v", shape(5, 1, 2), new float[10])
                .ints("qo", shape(2), 0, kvLength)
                .ints("positions", shape(5), 0, 1, 2, 3, 4)
                .floats("q", shape(1, 2, 2), 1, -2, -1, 0)
                .ints("lengths", shape(1), kvLength)
                .run(new KvAppend(
                        HeadMap.all(1, 1), KV, Optional.empty(), ref("k"), ref("v"), ref("qo"), ref("positions")));
    }

    private static float[] scores(OneOp op, SelectionScope scope) {
        int lists = scope == SelectionScope.QUERY_HEAD ? 2 : 1;
        return op.updated("scores", DType.F32, shape(1, lists, 2), new float[2 * lists])
                .run(new PageScore(HeadMap.all(2, 1), scope, KV, ref("q"), ref("lengths"), ref("scores")))
                .floats("scores");
    }

    @Test
    void aPageScoresTheLargestBoundOfItsLogicalPages() {
        // logical page 0: max (3,1) min (1,0); head 0: 3 + max(-2, 0) = 3; head 1: max(-3, -1) = -1
        // logical page 1: max (4,4) min (0,-5); head 0: 4 + 10 = 14; head 1: max(-4, 0) = 0
        // second page, one token (9,9): 9 - 18 = -9; -9
        assertArrayEquals(new float[] {14, -9, 0, -9}, scores(pages(5), SelectionScope.QUERY_HEAD));
    }

    @Test
    void aGroupScoresTheMaximumOfItsHeads() {
        assertArrayEquals(new float[] {14, -9}, scores(pages(5), SelectionScope.KV_GROUP));
    }

    @Test
    void logicalPagesWithoutTokensDoNotCountAndPagesPastTheEndAreLeftAlone() {
        // two tokens: logical page 0 alone, although page bytes of logical page 1 are 0 and would score 0 for head 1
        assertArrayEquals(new float[] {3, 0, -1, 0}, scores(pages(2), SelectionScope.QUERY_HEAD));
    }

    @Test
    void noKeyOfAPageScoresAboveItsBound() {
        Random random = new Random(3);
        for (KvPrecision precision : KvPrecision.values()) {
            KvPageLayout layout = new KvPageLayout(1, 8, 16, 2, precision, precision, 4);
            KvPages kv = new KvPages(layout, KvAddressing.LINEAR, ref("pages"), ref("table"));
            float[] k = new float[8 * 16];
            float[] q = new float[16];
            IntStream.range(0, k.length).forEach(i -> k[i] = (float) random.nextGaussian());
            IntStream.range(0, q.length).forEach(i -> q[i] = (float) random.nextGaussian());
            OneOp op = new OneOp()
                    .pages("pages", 1, layout.pageBytes(), Pages.empty(layout, 1))
                    .ints("table", shape(1, 1), 0)
                    .floats("k", shape(8, 1, 16), k)
                    .floats("v", shape(8, 1, 2), new float[16])
                    .ints("qo", shape(2), 0, 8)
                    .ints("positions", shape(8), IntStream.range(0, 8).toArray())
                    .floats("q", shape(1, 1, 16), q)
                    .ints("lengths", shape(1), 8)
                    .output("scores", DType.F32, 1, 1, 1)
                    .run(new KvAppend(
                            HeadMap.all(1, 1), kv, Optional.empty(), ref("k"), ref("v"), ref("qo"), ref("positions")))
                    .run(new PageScore(
                            HeadMap.all(1, 1), SelectionScope.QUERY_HEAD, kv, ref("q"), ref("lengths"), ref("scores")));
            Pages pages = new Pages(layout, op.bytes("pages"));
            for (int slot = 0; slot < 8; slot++) {
                float[] stored = pages.key(0, 0, slot);
                float[] params = precision.isQuantized() ? pages.keyParams(0, 0, slot) : new float[] {1, 0};
                double score = 0;
                for (int c = 0; c < 16; c++) {
                    score += q[c] * params[0] * (stored[c] - params[1]);
                }
                assertTrue(score <= op.floats("scores")[0] + 1e-5, precision + " slot " + slot);
            }
        }
    }
}
