package dev.filigree.cpu.reference.ops.pageselect;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageSelect;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PageSelectReferenceTest {

    /** One list in slot 1 of two; pages of 2 tokens, budget 3, 1 sink page, lists shared by 4 steps. */
    private static OneOp state(int count, int... pages) {
        int[] stored = new int[10];
        Arrays.fill(stored, -7);
        System.arraycopy(pages, 0, stored, 5, pages.length);
        return new OneOp()
                .updatedInts("counts", shape(2, 1), 0, count)
                .updatedInts("pages", shape(2, 1, 5), stored)
                .ints("slots", shape(1), 1);
    }

    private static List<Integer> select(OneOp op, int kvLength, float... scores) {
        op.ints("lengths", shape(1), kvLength).floats("scores", shape(1, 1, 10), Arrays.copyOf(scores, 10));
        op.run(new PageSelect(
                HeadMap.all(1, 1),
                3,
                1,
                2,
                4,
                ref("scores"),
                ref("lengths"),
                new PageChoice(ref("counts"), ref("pages"), ref("slots"), SelectionScope.QUERY_HEAD)));
        return Arrays.stream(op.ints("pages"), 5, 5 + op.ints("counts")[1])
                .boxed()
                .toList();
    }

    @Test
    void keepsSinkNewestAndTheBestOfTheRest() {
        // pages 0 to 5; the best of 1 to 4 is 4, at pages 2 and 3: the lower one
        assertEquals(List.of(0, 2, 5), select(state(0), 11, 9, 1, 4, 4, 2, 0));
        // the newest page stays although it scores least, the sink although others score more
        assertEquals(List.of(0, 4, 5), select(state(0), 12, -9, 1, 4, 4, 5, -99));
    }

    @Test
    void shortSequencesKeepEverything() {
        assertEquals(List.of(), select(state(0), 0));
        assertEquals(List.of(0), select(state(0), 1, 0));
        assertEquals(List.of(0, 1, 2), select(state(1, 0), 6, 0, 0, 0));
    }

    @Test
    void aListIsReusedAndGrowsByThePagesOpenedSince() {
        OneOp op = state(0);
        assertEquals(List.of(0, 2, 6), select(op, 13, 0, 0, 9, 0, 0, 0, 0)); // no list yet
        assertEquals(List.of(0, 2, 6), select(op, 14, 0, 9, 0, 0, 0, 0, 0)); // reused, other scores unread
        assertEquals(List.of(0, 2, 6, 7), select(op, 15, 0, 9, 0, 0, 0, 0, 0, 0)); // page 7 opened
        assertEquals(List.of(0, 1, 7), select(op, 16, 0, 9, 0, 0, 0, 0, 0, 0)); // 16 is a multiple of 4
    }

    @Test
    void aListThatCannotGrowIsChosenAnew() {
        // room for 5: from newest page 3 to page 6 three would be needed
        assertEquals(List.of(0, 1, 6), select(state(3, 0, 2, 3), 13, 0, 9));
        // a rewind: the list names page 9, the newest is 6
        assertEquals(List.of(0, 1, 6), select(state(3, 0, 2, 9), 13, 0, 9));
    }

    @Test
    void nanCountsAsTheLargestScore() {
        assertEquals(List.of(0, 3, 5), select(state(0), 12, 0, 7, Float.POSITIVE_INFINITY, Float.NaN, 0, 0));
    }

    @Test
    void otherSlotsAndEntriesPastTheCountAreLeftAlone() {
        OneOp op = state(0);
        select(op, 11, 9, 1, 4, 4, 2, 0);
        assertArrayEquals(new int[] {-7, -7, -7, -7, -7, 0, 2, 5, -7, -7}, op.ints("pages"));
        assertArrayEquals(new int[] {0, 3}, op.ints("counts"));
    }

    @Test
    void groupsShareAListAndHeadsNotServedHaveNone() {
        // 4 query heads over 2 KV heads, KV head 1 served: list 1 of 2
        OneOp op = new OneOp()
                .updatedInts("counts", shape(1, 2), 0, 0)
                .updatedInts("pages", shape(1, 2, 2), -7, -7, -7, -7)
                .ints("slots", shape(1), 0)
                .ints("lengths", shape(1), 3)
                .floats("scores", shape(1, 2, 3), 0, 0, 0, 0, 5, 0)
                .run(new PageSelect(
                        HeadMap.byHead(4, 2, List.of(1)),
                        2,
                        0,
                        1,
                        1,
                        ref("scores"),
                        ref("lengths"),
                        new PageChoice(ref("counts"), ref("pages"), ref("slots"), SelectionScope.KV_GROUP)));
        assertArrayEquals(new int[] {-7, -7, 1, 2}, op.ints("pages"));
        assertArrayEquals(new int[] {0, 2}, op.ints("counts"));
    }
}
