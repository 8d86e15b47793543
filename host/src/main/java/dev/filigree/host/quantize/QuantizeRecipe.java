package dev.filigree.host.quantize;

import java.util.List;
import java.util.Map;

/**
 * What is done to every group.
 *
 * @param scheme codes of weights and activations
 * @param smoothing which candidates the search tries
 * @param grids steps of the search: 20 gives 39 candidates in full mode
 * @param rank of the low-rank branch; 0: none
 * @param ranks other ranks, by layers whose name contains the key; the longest key counts
 * @param iterations of the refinement at most; 1: the split as it is
 * @param gptq whether residuals are rounded column by column (Frantar et al. 2022) instead of to nearest
 * @param skip layers whose name contains one of these stay as they are
 * @param seed of everything random
 */
public record QuantizeRecipe(
        Scheme scheme,
        Smoothing smoothing,
        int grids,
        int rank,
        Map<String, Integer> ranks,
        int iterations,
        boolean gptq,
        List<String> skip,
        long seed) {

    /** Families of smoothing candidates {@code max|x|^alpha / max|w|^beta}. */
    public enum Smoothing {
        /** No smoothing. */
        NONE,
        /** beta 0: activations alone. */
        ALPHA,
        /** beta 1 - alpha, the paper's. */
        BALANCED,
        /** Both families and no smoothing: the released quantizer's. */
        FULL,
        /** Every pair of alpha and beta. */
        GRID
    }

    /** Copies the collections and checks the numbers. */
    public QuantizeRecipe {
        ranks = Map.copyOf(ranks);
        skip = List.copyOf(skip);
        if (grids < 2 || rank < 0 || iterations < 1) {
            throw new IllegalArgumentException("grids must be 2 or more, rank 0 or more and iterations 1 or more, not "
                    + grids + ", " + rank + " and " + iterations);
        }
    }

    /** SVDQuant as published: full search, rank 32, refinement, rounding to nearest. */
    public static QuantizeRecipe of(Scheme scheme) {
        return new QuantizeRecipe(scheme, Smoothing.FULL, 20, 32, Map.of(), 10, false, List.of(), 1);
    }

    /** Whether a layer stays as it is. */
    public boolean skips(String layer) {
        return skip.stream().anyMatch(layer::contains);
    }

    /** The rank of a group's branch. */
    public int rankOf(LinearGroup group) {
        return ranks.entrySet().stream()
                .filter(entry -> group.linears().stream().anyMatch(l -> l.name().contains(entry.getKey())))
                .max(java.util.Comparator.comparingInt(entry -> entry.getKey().length()))
                .map(Map.Entry::getValue)
                .orElse(rank);
    }

    /** The same with other values for one experiment. */
    public QuantizeRecipe with(Smoothing how, int newRank, int newIterations, boolean newGptq) {
        return new QuantizeRecipe(scheme, how, grids, newRank, ranks, newIterations, newGptq, skip, seed);
    }
}
