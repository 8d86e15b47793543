package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A list of blocks or pages that a model chose.
 *
 * @param list which list of which selection
 * @param chosen what is in it
 * @param scores what pages were chosen by, where they were scored in that step; empty for blocks
 */
record Selection(String list, List<Integer> chosen, float[] scores) {
    /** Share of the score by which keys of 8 bits may move a bound: half a step of either backend's rounding. */
    private static final float NEAR = 1f / 255;

    /**
     * Requires equal choices. Pages may be exchanged only where the expected scores say that both are as good: the choice
     * is then right within what rounding moves a score by. A list that is kept for further steps stays excused.
     */
    static void requireSame(List<Selection> expected, List<Selection> actual) {
        assertEquals(expected.size(), actual.size());
        Map<String, List<Integer>> excused = new HashMap<>();
        for (int i = 0; i < expected.size(); i++) {
            Selection want = expected.get(i);
            Selection is = actual.get(i);
            assertEquals(want.list(), is.list());
            if (want.chosen().equals(is.chosen())) {
                excused.remove(want.list());
            } else if (!is.chosen().equals(excused.get(want.list()))) {
                want.requireAsGood(is.chosen());
                excused.put(want.list(), is.chosen());
            }
        }
    }

    private void requireAsGood(List<Integer> other) {
        String what = list + " must hold " + chosen + ", not " + other;
        assertEquals(chosen.size(), other.size(), what);
        float best = Float.NEGATIVE_INFINITY;
        float worst = Float.POSITIVE_INFINITY;
        for (int page = 0; page < scores.length; page++) {
            if (chosen.contains(page) && !other.contains(page)) {
                best = Math.max(best, scores[page]);
            } else if (other.contains(page) && !chosen.contains(page)) {
                worst = Math.min(worst, scores[page]);
            }
        }
        assertTrue(
                best - worst <= NEAR * Math.abs(best), what + ": scores " + best + " and " + worst + " are not a tie");
    }
}
