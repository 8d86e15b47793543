package dev.filigree.api.kvcache;

import java.util.Collections;
import java.util.List;

/**
 * What attention needs of the whole cache.
 *
 * @param layers {@code [layer][kvHead]}
 */
public record KvNeeds(List<List<HeadNeed>> layers) {

    /** Copies the table. */
    public KvNeeds {
        layers = layers.stream().map(List::copyOf).toList();
    }

    /** The same need for every head of every layer. */
    public static KvNeeds uniform(int numLayers, int numKvHeads, HeadNeed need) {
        return new KvNeeds(Collections.nCopies(numLayers, Collections.nCopies(numKvHeads, need)));
    }

    /** The need of one head. */
    public HeadNeed of(int layer, int kvHead) {
        return layers.get(layer).get(kvHead);
    }
}
