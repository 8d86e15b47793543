package dev.filigree.policies.duoattention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.policies.table.HeadTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Splitting heads by gates: counts, ties, clipping. */
class HeadClassesTest {
    private static HeadTable random(int numLayers, int numHeads, long seed) {
        Random random = new Random(seed);
        List<List<Float>> rows = new ArrayList<>();
        for (int layer = 0; layer < numLayers; layer++) {
            rows.add(random.doubles(numHeads).mapToObj(d -> (float) d).toList());
        }
        return new HeadTable(rows);
    }

    /** The published rule on distinct gates: value at or above the linearly interpolated quantile. */
    private static int keptByQuantile(HeadTable gates, double sparsity) {
        List<Float> sorted =
                new ArrayList<>(gates.rows().stream().flatMap(List::stream).toList());
        Collections.sort(sorted);
        double place = sparsity * (sorted.size() - 1);
        int below = (int) Math.floor(place);
        double above = sorted.get(Math.min(below + 1, sorted.size() - 1));
        double quantile = sorted.get(below) + (place - below) * (above - sorted.get(below));
        return (int) sorted.stream().filter(gate -> gate >= quantile).count();
    }

    @Test
    void keptCountsAreThoseOfThePublishedQuantile() {
        assertEquals(128, HeadClasses.kept(256, .5));
        assertEquals(64, HeadClasses.kept(256, .75));
        assertEquals(512, HeadClasses.kept(1024, .5));
        assertEquals(256, HeadClasses.kept(1024, .75));
        HeadTable gates = random(32, 8, 1);
        for (double sparsity : new double[] {0, .1, .25, .3, .5, .62, .75, .9, .99}) {
            HeadClasses classes = HeadClasses.bySparsity(gates, sparsity, Optional.empty());
            assertEquals(keptByQuantile(gates, sparsity), classes.numRetrieval(), "sparsity " + sparsity);
        }
    }

    @Test
    void sparsityZeroKeepsAllAndOneKeepsNone() {
        HeadTable gates = random(4, 8, 2);
        assertEquals(32, HeadClasses.bySparsity(gates, 0, Optional.empty()).numRetrieval());
        HeadClasses none = HeadClasses.bySparsity(gates, 1, Optional.empty());
        assertEquals(0, none.numRetrieval());
        assertEquals(1.0, none.sparsity());
    }

    /** The original breaks ties with unseeded noise, and many published gates are exactly 1. */
    @Test
    void equalGatesGoToLowerLayersThenLowerHeads() {
        HeadTable ones = new HeadTable(Collections.nCopies(4, Collections.nCopies(2, 1f)));
        HeadClasses classes = HeadClasses.bySparsity(ones, .5, Optional.empty());
        assertEquals(
                List.of(List.of(true, true), List.of(true, true), List.of(false, false), List.of(false, false)),
                classes.retrieval());
    }

    @Test
    void aSecondScoreOrdersEqualGates() {
        HeadTable ones = new HeadTable(List.of(List.of(1f, 1f), List.of(1f, .9f)));
        HeadTable scores = new HeadTable(List.of(List.of(0f, 3f), List.of(5f, 9f)));
        HeadClasses classes = HeadClasses.bySparsity(ones, .5, Optional.of(scores));
        assertEquals(List.of(List.of(false, true), List.of(true, false)), classes.retrieval());
    }

    @Test
    void gatesAreClippedBeforeTheyAreCompared() {
        HeadTable gates = new HeadTable(List.of(List.of(-.5f, -0f, 0f, 1.5f, 1f)));
        HeadClasses half = HeadClasses.bySparsity(gates, .75, Optional.empty());
        assertEquals(List.of(List.of(false, false, false, true, true)), half.retrieval());
        // Clipped to 0 all three are equal, so the first is the third head kept.
        assertTrue(HeadClasses.bySparsity(gates, .5, Optional.empty()).isRetrieval(0, 0));
        assertEquals(5, HeadClasses.byThreshold(gates, 0).numRetrieval());
    }

    @Test
    void aThresholdIsReachedByEqualGates() {
        HeadTable gates = new HeadTable(List.of(List.of(.5f, .49f), List.of(0f, 1f)));
        HeadClasses classes = HeadClasses.byThreshold(gates, .5);
        assertTrue(classes.isRetrieval(0, 0));
        assertFalse(classes.isRetrieval(0, 1));
        assertEquals(1, classes.numRetrieval(1));
        assertEquals(.5, classes.sparsity());
    }
}
