package dev.filigree.integration.lserve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * What a decode step must choose and compute, from the tokens alone: bounds of live keys in fp64, the selection rule, and
 * attention over the pages of a list.
 *
 * @param budget pages of a list chosen anew
 * @param sink pages always kept
 * @param interval steps that share a list
 * @param logical tokens per entry of statistics
 */
record LayerOracle(int budget, int sink, int interval, int logical) {

    /** Holds a list against the one before and, where it is chosen anew, against the scores of a group of queries. */
    void checkList(String where, LayerSequence s, int kvHead, float[][] queries, int[] before, int[] now) {
        int length = s.length();
        int numPages = Math.ceilDiv(length, LayerRun.PAGE);
        if (numPages <= budget) {
            assertArrayEquals(IntStream.range(0, numPages).toArray(), now, where + ": all pages");
        } else if (before.length > 0 && length % interval != 0) {
            IntStream opened = IntStream.range(before[before.length - 1] + 1, numPages);
            assertArrayEquals(
                    IntStream.concat(Arrays.stream(before), opened).toArray(), now, where + ": a list in use");
        } else {
            assertEquals(budget, now.length, where + ": pages of " + Arrays.toString(now));
            assertEquals(numPages - 1, now[now.length - 1], where + ": the newest page");
            for (int page = 0; page < sink; page++) {
                assertEquals(page, now[page], where + ": sink page");
            }
            certify(where, s, kvHead, queries, now);
        }
    }

    /** No page left out scores above one chosen for its score, beyond what rounding bounds to f16 may do. */
    private void certify(String where, LayerSequence s, int kvHead, float[][] queries, int[] now) {
        int numPages = Math.ceilDiv(s.length(), LayerRun.PAGE);
        double[] scores = new double[numPages];
        double slack = 0;
        for (int page = 0; page < numPages; page++) {
            scores[page] = Double.NEGATIVE_INFINITY;
            for (float[] q : queries) {
                double[] bound = bound(s, kvHead, page, q);
                scores[page] = Math.max(scores[page], bound[0]);
                slack = Math.max(slack, bound[1]);
            }
        }
        double least = Double.POSITIVE_INFINITY;
        double best = Double.NEGATIVE_INFINITY;
        for (int page = sink; page < numPages - 1; page++) {
            if (Arrays.binarySearch(now, page) >= 0) {
                least = Math.min(least, scores[page]);
            } else {
                best = Math.max(best, scores[page]);
            }
        }
        double allowed = best - slack;
        double found = least;
        assertTrue(
                least >= allowed,
                () -> where + ": a page with score " + found + " is chosen, one with more than " + allowed + " is not: "
                        + Arrays.toString(now) + " of " + Arrays.toString(scores));
    }

    /** A page's score, and by how much rounding bounds outwards to f16 may raise it. */
    private double[] bound(LayerSequence s, int kvHead, int page, float[] q) {
        double best = Double.NEGATIVE_INFINITY;
        double slack = 0;
        int end = Math.min(s.length(), (page + 1) * LayerRun.PAGE);
        for (int from = page * LayerRun.PAGE; from < end; from += logical) {
            double sum = 0;
            double size = 0;
            for (int c = 0; c < q.length; c++) {
                double max = Double.NEGATIVE_INFINITY;
                double min = Double.POSITIVE_INFINITY;
                for (int p = from; p < Math.min(end, from + logical); p++) {
                    float key = s.keys.get(p)[kvHead * q.length + c];
                    max = Math.max(max, key);
                    min = Math.min(min, key);
                }
                sum += Math.max(q[c] * max, q[c] * min);
                size += Math.abs(q[c]) * Math.max(Math.abs(max), Math.abs(min));
            }
            best = Math.max(best, sum);
            slack = Math.max(slack, size * 0x1p-10);
        }
        return new double[] {best, slack};
    }

    /** Softmax attention of one query over the keys of a sequence that it sees. */
    static double[] attend(LayerSequence s, int kvHead, float[] q, IntPredicate sees, int headDim) {
        double[] scores = new double[s.length()];
        double max = Double.NEGATIVE_INFINITY;
        for (int p = 0; p < scores.length; p++) {
            if (sees.test(p)) {
                float[] key = LayerSequence.head(s.keys.get(p), kvHead, headDim);
                for (int c = 0; c < headDim; c++) {
                    scores[p] += (double) q[c] * key[c] / Math.sqrt(headDim);
                }
                max = Math.max(max, scores[p]);
            }
        }
        double[] out = new double[headDim];
        double total = 0;
        for (int p = 0; p < scores.length; p++) {
            if (sees.test(p)) {
                double weight = Math.exp(scores[p] - max);
                float[] value = LayerSequence.head(s.values.get(p), kvHead, headDim);
                total += weight;
                for (int c = 0; c < headDim; c++) {
                    out[c] += weight * value[c];
                }
            }
        }
        for (int c = 0; c < headDim; c++) {
            out[c] /= total;
        }
        return out;
    }
}
