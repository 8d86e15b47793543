package dev.filigree.host.calibrate.heads;

import dev.filigree.policies.table.HeadTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Heads in the order of a score. */
public final class HeadRanking {
    private HeadRanking() {}

    /**
     * A KV head by its place.
     *
     * @param layer from 0
     * @param head from 0
     */
    public record Head(int layer, int head) {
        @Override
        public String toString() {
            return "L" + layer + "H" + head;
        }
    }

    /**
     * All heads, highest score first, scores clipped to [0, 1]; ties go to the higher {@code tieBreak}, then the lower layer
     * and head. The order is the one in which DuoAttention makes heads retrieval heads.
     *
     * @param tieBreak as large as scores
     */
    public static List<Head> of(HeadTable scores, HeadTable tieBreak) {
        List<Head> heads = new ArrayList<>();
        for (int l = 0; l < scores.numLayers(); l++) {
            for (int h = 0; h < scores.numHeads(); h++) {
                heads.add(new Head(l, h));
            }
        }
        heads.sort(Comparator.<Head>comparingDouble(h -> -Math.clamp(scores.of(h.layer(), h.head()), 0f, 1f))
                .thenComparingDouble(h -> -tieBreak.of(h.layer(), h.head())));
        return heads;
    }

    /** A table out of numbers in row-major order, rounded to fp32. */
    public static HeadTable table(int numLayers, int numHeads, double[] values) {
        return new HeadTable(IntStream.range(0, numLayers)
                .mapToObj(l -> IntStream.range(0, numHeads)
                        .mapToObj(h -> (float) values[l * numHeads + h])
                        .toList())
                .toList());
    }

    /** The table divided by its largest number, if that is above 0. */
    public static HeadTable scaled(HeadTable table) {
        float largest = table.rows().stream()
                .flatMap(List::stream)
                .max(Comparator.naturalOrder())
                .orElse(0f);
        return largest <= 0
                ? table
                : new HeadTable(table.rows().stream()
                        .map(row -> row.stream().map(value -> value / largest).toList())
                        .toList());
    }
}
