package dev.filigree.api.attention;

import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/**
 * The attention shape of a model.
 *
 * @param numQoHeads query heads per layer
 * @param numKvHeads KV heads per layer
 * @param headDimQk width of queries and keys
 * @param headDimVo width of values
 * @param windows one entry per layer: the model's own sliding window in tokens (the query's own included), or empty
 */
public record ModelGeometry(int numQoHeads, int numKvHeads, int headDimQk, int headDimVo, List<OptionalInt> windows) {

    /** Checks the grouping. */
    public ModelGeometry {
        windows = List.copyOf(windows);
        if (numKvHeads < 1 || numQoHeads < 1 || numQoHeads % numKvHeads != 0 || headDimQk < 1 || headDimVo < 1) {
            throw new IllegalArgumentException(
                    "geometry needs numQoHeads a multiple of numKvHeads and head dims >= 1, not " + numQoHeads + "/"
                            + numKvHeads + " heads of " + headDimQk + " and " + headDimVo);
        }
    }

    /** A model whose layers all attend to everything before. */
    public static ModelGeometry of(int numLayers, int numQoHeads, int numKvHeads, int headDim) {
        return new ModelGeometry(
                numQoHeads, numKvHeads, headDim, headDim, Collections.nCopies(numLayers, OptionalInt.empty()));
    }

    /** Number of layers. */
    public int numLayers() {
        return windows.size();
    }

    /** Query heads per KV head. */
    public int groupSize() {
        return numQoHeads / numKvHeads;
    }
}
