package dev.filigree.policies.xattention;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.table.HeadTable;
import java.util.Collections;
import java.util.List;

/**
 * The share of estimated mass to reach, per query head: one number for all, one row for every layer, or a row for
 * each layer (XAttention sections 2.2 and 2.3).
 *
 * @param table one row or one per layer, of one number or one per query head
 */
public record Thresholds(HeadTable table) {

    /** Checks the range. */
    public Thresholds {
        for (List<Float> row : table.rows()) {
            for (float value : row) {
                if (!(value >= 0 && value <= 1)) {
                    throw new IllegalArgumentException("thresholds must be 0 to 1, not " + value);
                }
            }
        }
    }

    /** The same row for every layer; one number for all heads. */
    public static Thresholds everyLayer(List<Double> row) {
        return new Thresholds(
                new HeadTable(List.of(row.stream().map(Double::floatValue).toList())));
    }

    /**
     * Requires that the table fits a model.
     *
     * @throws PolicyRefusal with both sizes if it does not
     */
    public void requireFits(ModelGeometry geometry) {
        boolean layers = table.numLayers() == 1 || table.numLayers() == geometry.numLayers();
        boolean heads = table.numHeads() == 1 || table.numHeads() == geometry.numQoHeads();
        if (!layers || !heads) {
            throw new PolicyRefusal(
                    XAttentionPolicy.NAME,
                    "thresholds must be 1 or " + geometry.numLayers() + " rows of 1 or " + geometry.numQoHeads()
                            + " numbers, not " + table.numLayers() + " of " + table.numHeads(),
                    "attention.threshold");
        }
    }

    /** One threshold per query head of a layer. */
    public List<Float> ofLayer(int layer, int numQoHeads) {
        List<Float> row = table.rows().get(table.numLayers() == 1 ? 0 : layer);
        return row.size() == 1 ? Collections.nCopies(numQoHeads, row.getFirst()) : row;
    }

    /** Whether every query head of a KV head takes all blocks whatever the scores, so that none need be estimated. */
    boolean takesEverything(int layer, int kvHead, ModelGeometry geometry) {
        return ofKvHead(layer, kvHead, geometry).stream().allMatch(threshold -> threshold >= 1);
    }

    /** Thresholds of the query heads of a KV head. */
    List<Float> ofKvHead(int layer, int kvHead, ModelGeometry geometry) {
        int first = kvHead * geometry.groupSize();
        return ofLayer(layer, geometry.numQoHeads()).subList(first, first + geometry.groupSize());
    }

    @Override
    public String toString() {
        boolean one = table.numLayers() == 1 && table.numHeads() == 1;
        return one ? "" + table.of(0, 0) : table.numLayers() + "x" + table.numHeads() + " table";
    }
}
