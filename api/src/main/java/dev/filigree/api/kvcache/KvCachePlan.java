package dev.filigree.api.kvcache;

import dev.filigree.api.attention.ModelGeometry;
import java.util.List;

/**
 * Where each head's keys and values live.
 *
 * @param policy name of the policy that made the plan
 * @param geometry the model's heads
 * @param classes kinds of storage in use
 * @param heads {@code [layer][class]}: the KV heads of the class in the layer, ascending; may be empty
 * @param numPages per class, pages of each layer's pool
 * @param prefillReads what a prompt chunk reads of itself
 */
public record KvCachePlan(
        String policy,
        ModelGeometry geometry,
        List<KvClass> classes,
        List<List<List<Integer>>> heads,
        List<Long> numPages,
        PrefillReads prefillReads) {

    /** Copies the tables and checks that every head has exactly one class in every layer. */
    public KvCachePlan {
        classes = List.copyOf(classes);
        heads = heads.stream()
                .map(layer -> layer.stream().map(List::copyOf).toList())
                .toList();
        numPages = List.copyOf(numPages);
        for (int layer = 0; layer < heads.size(); layer++) {
            long placed =
                    heads.get(layer).stream().flatMap(List::stream).distinct().count();
            long listed = heads.get(layer).stream().mapToLong(List::size).sum();
            if (placed != geometry.numKvHeads()
                    || listed != placed
                    || heads.get(layer).size() != classes.size()) {
                throw new IllegalArgumentException("layer " + layer + " must place each of " + geometry.numKvHeads()
                        + " KV heads in one of " + classes.size() + " classes, not " + heads.get(layer));
            }
        }
        if (heads.size() != geometry.numLayers() || numPages.size() != classes.size()) {
            throw new IllegalArgumentException("plan must have " + geometry.numLayers() + " layers and "
                    + classes.size() + " page counts, not " + heads.size() + " and " + numPages.size());
        }
    }

    /** The KV heads of a class in a layer. */
    public List<Integer> headsOf(int layer, int kvClass) {
        return heads.get(layer).get(kvClass);
    }

    /** The class of a head in a layer. */
    public int classOf(int layer, int kvHead) {
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            if (heads.get(layer).get(kvClass).contains(kvHead)) {
                return kvClass;
            }
        }
        throw new IllegalArgumentException(
                "layer " + layer + " has KV heads 0 to " + (geometry.numKvHeads() - 1) + ", not " + kvHead);
    }

    /** The page layout of a class in a layer. */
    public KvPageLayout layout(int layer, int kvClass) {
        return classes.get(kvClass).layout(headsOf(layer, kvClass).size(), geometry.headDimQk(), geometry.headDimVo());
    }

    /** Bytes of one page number of a class, all layers together. */
    public long pageBytes(int kvClass) {
        long bytes = 0;
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            if (!headsOf(layer, kvClass).isEmpty()) {
                bytes += layout(layer, kvClass).pageBytes();
            }
        }
        return bytes;
    }

    /** Bytes of the pages that one sequence of that many tokens holds. */
    public long bytesFor(long numTokens) {
        long bytes = 0;
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            bytes += classes.get(kvClass).pagesFor(numTokens) * pageBytes(kvClass);
        }
        return bytes;
    }

    /** Bytes of all pools. */
    public long totalBytes() {
        long bytes = 0;
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            bytes = Math.addExact(bytes, Math.multiplyExact(numPages.get(kvClass), pageBytes(kvClass)));
        }
        return bytes;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("kv plan by " + policy + ", prefillReads " + prefillReads.id() + "\n");
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            text.append("  ")
                    .append(classes.get(kvClass))
                    .append(", ")
                    .append(numPages.get(kvClass))
                    .append(" pages\n");
        }
        for (int layer = 0; layer < heads.size(); layer++) {
            text.append("  layer ")
                    .append(layer)
                    .append(' ')
                    .append(heads.get(layer))
                    .append('\n');
        }
        return text.toString();
    }
}
