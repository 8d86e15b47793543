package dev.filigree.host.eval;

import java.util.List;

/**
 * What the heads of a model did with one prompt.
 *
 * @param prompt which one, in words
 * @param retention per layer and KV head: 1 if the cache keeps everything, 0 if it keeps sink and recent tokens
 * @param density per layer and query head: share of reachable blocks or pairs that were computed
 * @param recall per layer and query head: share of exact attention mass on what was computed, mean over sampled rows
 * @param times of the prompt's attention
 */
public record HeadDensity(
        String prompt,
        List<List<Double>> retention,
        List<List<Double>> density,
        List<List<Double>> recall,
        Times times) {

    /**
     * Seconds over all layers, each layer the best of a few runs of its attention steps over the whole prompt in fp32.
     *
     * @param attention everything, estimates and selections included
     * @param choosing estimates and selections alone
     */
    public record Times(double attention, double choosing) {}

    /** Copies the tables. */
    public HeadDensity {
        retention = copy(retention);
        density = copy(density);
        recall = copy(recall);
    }

    private static List<List<Double>> copy(List<List<Double>> table) {
        return table.stream().map(List::copyOf).toList();
    }

    /** Mean density over all query heads. */
    public double meanDensity() {
        return mean(density);
    }

    /** Mean recall over all query heads. */
    public double meanRecall() {
        return mean(recall);
    }

    private static double mean(List<List<Double>> table) {
        return table.stream()
                .flatMap(List::stream)
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(Double.NaN);
    }
}
