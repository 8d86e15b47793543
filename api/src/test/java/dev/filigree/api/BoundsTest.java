package dev.filigree.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.Strides;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The first and the last value that is accepted, and the ones beyond. */
class BoundsTest {

    @Test
    void optionsOfABackend() {
        for (int value : new int[] {2, 5, 9}) {
            BackendOptions options = new BackendOptions(Map.of("n", " " + value));
            assertEquals(value, options.integer("n", 4, 2, 9));
            assertEquals(4, options.integer("m", 4, 2, 9));
        }
        for (String text : List.of("1", "10", "x", "")) {
            BackendOptions options = new BackendOptions(Map.of("n", text));
            assertEquals(
                    "backend.n must be a whole number from 2 to 9, not \"" + text + "\"",
                    assertThrows(IllegalArgumentException.class, () -> options.integer("n", 4, 2, 9))
                            .getMessage());
        }
        BackendOptions two = new BackendOptions(Map.of("a", "1", "b", "1"));
        two.requireOnly(Set.of("a", "b"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> two.requireOnly(Set.of("a")))
                .getMessage()
                .startsWith("backend.b is not an option of this backend; accepted are "));
    }

    @Test
    void pagesOfARing() {
        KvAddressing.Ring ring = new KvAddressing.Ring(1, 3);
        assertEquals(
                List.of(true, false, false, false, false, false, false, true, true, true, false),
                java.util.stream.IntStream.rangeClosed(0, 10)
                        .mapToObj(page -> ring.isResident(page, 9))
                        .toList());
        assertEquals(
                List.of(0L, 1L, 2L, 3L, 1L, 2L),
                java.util.stream.IntStream.range(0, 6)
                        .mapToObj(page -> ring.column(page))
                        .toList());
        assertEquals(
                List.of(0L, 1L, 4L, 4L),
                List.of(ring.columns(0, 4), ring.columns(4, 4), ring.columns(13, 4), ring.columns(99, 4)));
    }

    @Test
    void extentsOfPages() {
        KvPageLayout smallest = new KvPageLayout(0, 1, 1, 1, KvPrecision.F32, KvPrecision.F32, 0);
        assertFalse(smallest.hasStats());
        for (int[] sizes : new int[][] {{-1, 1, 1, 1}, {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 1, 1, 0}}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new KvPageLayout(
                            sizes[0], sizes[1], sizes[2], sizes[3], KvPrecision.F32, KvPrecision.F32, 0));
        }
    }

    @Test
    void windowsAndHeads() {
        assertEquals("streaming(sink=0, recent=1)", new HeadPattern.Streaming(0, 1).toString());
        assertThrows(IllegalArgumentException.class, () -> new HeadPattern.Streaming(-1, 1));
        assertThrows(IllegalArgumentException.class, () -> new HeadPattern.Streaming(0, 0));
        assertEquals(2, HeadMap.byHead(4, 2, List.of(0, 1)).numServedKvHeads());
        for (List<Integer> heads : List.of(List.of(1, 1), List.of(1, 0), List.of(-1), List.of(2))) {
            assertThrows(IllegalArgumentException.class, () -> HeadMap.byHead(4, 2, heads), heads::toString);
        }
        assertThrows(IllegalArgumentException.class, () -> HeadMap.all(3, 2));
    }

    @Test
    void stridesAndNames() {
        assertEquals(List.of(0L, 1L), Strides.of(0, 1).steps());
        assertThrows(IllegalArgumentException.class, () -> Strides.of(1, -1));
        assertEquals("a.b_c-9", new TensorRef("a.b_c-9").name());
        for (String name : List.of("", "a b", "a/b")) {
            assertThrows(IllegalArgumentException.class, () -> new TensorRef(name), name);
        }
    }
}
