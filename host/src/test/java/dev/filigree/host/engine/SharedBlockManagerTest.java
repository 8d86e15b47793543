package dev.filigree.host.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.kvcache.Retention;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Pages are handed out all or none, belong to one sequence, and come back. */
class SharedBlockManagerTest {
    private static final int FULL = 0;
    private static final int RING = 1;

    private final SharedBlockManager blocks = new SharedBlockManager(cache());

    @Test
    void sequencesNeverShareAPage() {
        SequenceBlocks a = blocks.open();
        SequenceBlocks b = blocks.open();
        blocks.reserve(List.of(a, b), new long[] {33, 16});
        Set<Integer> pages = new HashSet<>();
        for (int column = 0; column < 3; column++) {
            pages.add(a.page(FULL, column));
        }
        pages.add(b.page(FULL, 0));
        assertEquals(Set.of(0, 1, 2, 3), pages);
        assertEquals(3, a.numColumns(FULL));
        assertEquals(1, b.numColumns(FULL));
    }

    @Test
    void aRingStopsGrowing() {
        SequenceBlocks a = blocks.open();
        blocks.reserve(List.of(a), new long[] {128});
        assertEquals(8, a.numColumns(FULL));
        assertEquals(1 + 3, a.numColumns(RING));
    }

    /** The released code counts a ring's page per occurrence, and wants a free one for a ring that turns. */
    @Test
    void h7_aRingPageCountsOnceAndATurningRingNeedsNone() {
        SequenceBlocks a = blocks.open();
        blocks.reserve(List.of(a), new long[] {100});
        a.commit();
        assertEquals(4, blocks.usedPages(RING));
        SequenceBlocks others = blocks.open();
        blocks.reserve(List.of(others), new long[] {32});
        others.commit();
        assertEquals(6, blocks.usedPages(RING));
        blocks.reserve(List.of(a), new long[] {128});
        a.commit();
        assertEquals(6, blocks.usedPages(RING));
        SequenceBlocks fork = blocks.fork(a);
        assertEquals(6, blocks.usedPages(RING));
        a.evict();
        assertEquals(6, blocks.usedPages(RING));
        fork.clear();
        others.clear();
        assertEquals(0, blocks.usedPages(RING));
        assertEquals(0, blocks.usedPages(FULL));
    }

    @Test
    void aReservationThatDoesNotFitTakesNothing() {
        SequenceBlocks a = blocks.open();
        SequenceBlocks b = blocks.open();
        var full = assertThrows(CacheFullException.class, () -> blocks.reserve(List.of(a, b), new long[] {128, 64}));
        assertTrue(
                full.getMessage().startsWith("the step needs 12 pages of KV class full, and 10 of 10 are free"),
                full.getMessage());
        assertEquals(0, blocks.usedPages(FULL));
        assertEquals(0, blocks.usedPages(RING));
    }

    @Test
    void cancellingGivesBackOnlyWhatWasReservedLast() {
        SequenceBlocks a = blocks.open();
        blocks.reserve(List.of(a), new long[] {20});
        a.commit();
        int first = a.page(FULL, 0);
        blocks.reserve(List.of(a), new long[] {100});
        a.cancel();
        assertEquals(2, a.numColumns(FULL));
        assertEquals(first, a.page(FULL, 0));
        assertEquals(2, blocks.usedPages(FULL));
        a.clear();
        assertEquals(0, blocks.usedPages(FULL));
        assertEquals(0, blocks.usedPages(RING));
    }

    private static KvCachePlan cache() {
        KvClass full = new KvClass(
                "full", new Retention.Everything(), KvAddressing.LINEAR, 16, KvPrecision.F16, KvPrecision.F16, 0);
        Retention.SinkAndRecent window = new Retention.SinkAndRecent(4, 20);
        KvClass ring =
                new KvClass("ring", window, KvAddressing.Ring.of(window, 16), 16, KvPrecision.F16, KvPrecision.F16, 0);
        return new KvCachePlan(
                "test",
                ModelGeometry.of(1, 2, 2, 8),
                List.of(full, ring),
                List.of(List.of(List.of(0), List.of(1))),
                List.of(10L, 6L),
                PrefillReads.STORED);
    }
}
