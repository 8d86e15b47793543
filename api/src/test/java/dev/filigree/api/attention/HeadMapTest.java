package dev.filigree.api.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class HeadMapTest {

    private static List<Integer> qoHeads(HeadMap map) {
        return IntStream.range(0, map.numServedQoHeads()).mapToObj(map::qoHead).toList();
    }

    private static List<Integer> slots(HeadMap map) {
        return IntStream.range(0, map.numServedQoHeads()).mapToObj(map::kvSlot).toList();
    }

    @Test
    void groupsFollowTheirKvHead() {
        HeadMap map = HeadMap.all(6, 3);
        assertEquals(2, map.groupSize());
        assertEquals(List.of(0, 1, 2, 3, 4, 5), qoHeads(map));
        assertEquals(List.of(0, 0, 1, 1, 2, 2), slots(map));
        assertEquals("6/3", map.toString());
    }

    @Test
    void someHeadsKeepTheirIndexOrTakeTheirRank() {
        HeadMap byHead = HeadMap.byHead(6, 3, List.of(0, 2));
        assertEquals(List.of(0, 1, 4, 5), qoHeads(byHead));
        assertEquals(List.of(0, 0, 2, 2), slots(byHead));
        assertEquals("6/3 kv[0, 2]", byHead.toString());
        HeadMap byRank = HeadMap.byRank(8, 4, List.of(1, 2, 3), List.of(1, 3));
        assertEquals(List.of(2, 3, 6, 7), qoHeads(byRank));
        assertEquals(List.of(0, 0, 2, 2), slots(byRank));
        assertEquals("8/4 kv[1, 3] in slots [0, 2]", byRank.toString());
        assertEquals(0, HeadMap.byHead(6, 3, List.of()).numServedQoHeads());
    }

    @Test
    void wrongHeadsAreRefused() {
        assertEquals("numQoHeads must be a multiple of numKvHeads, not 5 of 2", message(() -> HeadMap.all(5, 2)));
        assertEquals(
                "kvHeads must ascend within 0 to 2 with slots of 0 or more, not [2, 1] in slots [2, 1]",
                message(() -> HeadMap.byHead(3, 3, List.of(2, 1))));
        assertEquals(
                "kvHeads must ascend within 0 to 2 with slots of 0 or more, not [3] in slots [3]",
                message(() -> HeadMap.byHead(3, 3, List.of(3))));
        assertEquals(
                "kvHeads must ascend within 0 to 2 with slots of 0 or more, not [1] in slots [-1]",
                message(() -> HeadMap.byRank(3, 3, List.of(0), List.of(1))));
        assertEquals(
                "kvSlots [0] must have one entry per KV head of [0, 1]",
                message(() -> new HeadMap(2, 2, List.of(0, 1), List.of(0))));
    }

    private static String message(Executable call) {
        return assertThrows(IllegalArgumentException.class, call).getMessage();
    }
}
