package dev.filigree.cpu.reference.ops.pagestats;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageStats;
import dev.filigree.cpu.reference.testing.OneOp;
import dev.filigree.cpu.reference.testing.Pages;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PageStatsReferenceTest {
    private static final KvPageLayout LAYOUT = new KvPageLayout(1, 4, 1, 1, KvPrecision.F32, KvPrecision.F32, 2);
    private static final KvPages KV = new KvPages(LAYOUT, KvAddressing.LINEAR, ref("pages"), ref("table"));

    /** Keys 5, -2, 7, 1, 3 of one sequence over pages 1 and 0. */
    private static OneOp appended() {
        return new OneOp()
                .pages("pages", 2, LAYOUT.pageBytes(), Pages.empty(LAYOUT, 2))
                .ints("table", shape(1, 2), 1, 0)
                .floats("k", shape(5, 1, 1), 5, -2, 7, 1, 3)
                .floats("v", shape(5, 1, 1), 0, 0, 0, 0, 0)
                .ints("qo", shape(2), 0, 5)
                .ints("positions", shape(5), 0, 1, 2, 3, 4)
                .run(new KvAppend(
                        HeadMap.all(1, 1), KV, Optional.empty(), ref("k"), ref("v"), ref("qo"), ref("positions")));
    }

    private static Pages restat(OneOp op, int from, int kvLength) {
        op.ints("from", shape(1), from).ints("lengths", shape(1), kvLength);
        return new Pages(
                LAYOUT, op.run(new PageStats(KV, ref("from"), ref("lengths"))).bytes("pages"));
    }

    @Test
    void afterARewindTheLastLogicalPageCoversItsLiveTokensOnly() {
        Pages after = restat(appended(), 2, 3); // 7 lives, 1 does not
        assertArrayEquals(new float[] {7}, after.kMin(1, 1, 0));
        assertArrayEquals(new float[] {7}, after.kMax(1, 1, 0));
        // logical pages outside [from, kvLength) keep what they had
        assertArrayEquals(new float[] {-2}, after.kMin(1, 0, 0));
        assertArrayEquals(new float[] {3}, after.kMax(0, 0, 0));
    }

    @Test
    void recomputingEverythingChangesNothing() {
        OneOp op = appended();
        byte[] before = op.bytes("pages");
        assertArrayEquals(before, restat(op, 0, 5).bytes());
        assertArrayEquals(before, restat(op, 1, 5).bytes());
        assertArrayEquals(before, restat(op, 5, 5).bytes());
    }
}
