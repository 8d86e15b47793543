package dev.filigree.policies.duoattention;

import dev.filigree.policies.table.HeadTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which KV heads are retrieval heads. All query heads of a group follow their KV head.
 *
 * @param retrieval {@code [layer][kvHead]}
 */
public record HeadClasses(List<List<Boolean>> retrieval) {

    /** Copies the table. */
    public HeadClasses {
        retrieval = retrieval.stream().map(List::copyOf).toList();
    }

    private record Ranked(int layer, int head, float gate, float tieBreak) {}

    /**
     * The highest gates of the whole model, without randomness: by gate, then by a second score if there is one,
     * then lower layer, then lower head. Of n heads {@code n - ceil(sparsity * (n - 1))} are kept, none at sparsity 1
     * (DuoAttention section 2.3, with the count that a linearly interpolated quantile of distinct gates gives).
     *
     * @param gates clipped to 0 to 1 before they are compared
     * @param sparsity share of streaming heads, 0 to 1
     * @param tieBreak scores of the same shape that order equal gates
     */
    public static HeadClasses bySparsity(HeadTable gates, double sparsity, Optional<HeadTable> tieBreak) {
        List<Ranked> ranked = new ArrayList<>();
        for (int layer = 0; layer < gates.numLayers(); layer++) {
            for (int head = 0; head < gates.numHeads(); head++) {
                float second = tieBreak.isPresent() ? tieBreak.get().of(layer, head) : 0;
                ranked.add(new Ranked(layer, head, clip(gates.of(layer, head)), second));
            }
        }
        ranked.sort(Comparator.comparingDouble((Ranked r) -> -r.gate())
                .thenComparingDouble(r -> -r.tieBreak())
                .thenComparingInt(Ranked::layer)
                .thenComparingInt(Ranked::head));
        Set<List<Integer>> kept = new HashSet<>();
        for (Ranked r : ranked.subList(0, kept(ranked.size(), sparsity))) {
            kept.add(List.of(r.layer(), r.head()));
        }
        return of(gates, (layer, head) -> kept.contains(List.of(layer, head)));
    }

    /** Heads kept of n; a product that is whole but for rounding counts as whole. */
    static int kept(int n, double sparsity) {
        return sparsity >= 1 ? 0 : n - (int) Math.ceil(sparsity * (n - 1) - 1e-9);
    }

    /** Heads whose clipped gate reaches a threshold. */
    public static HeadClasses byThreshold(HeadTable gates, double threshold) {
        return of(gates, (layer, head) -> clip(gates.of(layer, head)) >= threshold);
    }

    private interface Keeps {
        boolean test(int layer, int head);
    }

    private static HeadClasses of(HeadTable gates, Keeps keeps) {
        List<List<Boolean>> rows = new ArrayList<>();
        for (int layer = 0; layer < gates.numLayers(); layer++) {
            List<Boolean> row = new ArrayList<>();
            for (int head = 0; head < gates.numHeads(); head++) {
                row.add(keeps.test(layer, head));
            }
            rows.add(row);
        }
        return new HeadClasses(rows);
    }

    private static float clip(float gate) {
        // Adding 0 turns -0 into 0, which a comparison by bits would rank below it.
        return Math.clamp(gate, 0f, 1f) + 0f;
    }

    /** Whether a head is a retrieval head. */
    public boolean isRetrieval(int layer, int kvHead) {
        return retrieval.get(layer).get(kvHead);
    }

    /** Layers. */
    public int numLayers() {
        return retrieval.size();
    }

    /** KV heads per layer. */
    public int numKvHeads() {
        return retrieval.isEmpty() ? 0 : retrieval.getFirst().size();
    }

    /** Retrieval heads of a layer. */
    public int numRetrieval(int layer) {
        return Collections.frequency(retrieval.get(layer), true);
    }

    /** Retrieval heads of all layers. */
    public int numRetrieval() {
        int sum = 0;
        for (int layer = 0; layer < numLayers(); layer++) {
            sum += numRetrieval(layer);
        }
        return sum;
    }

    /** Share of streaming heads, 0 to 1. */
    public double sparsity() {
        return 1 - (double) numRetrieval() / Math.max(1, numLayers() * numKvHeads());
    }
}
