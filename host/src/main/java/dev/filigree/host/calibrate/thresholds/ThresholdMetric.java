package dev.filigree.host.calibrate.thresholds;

/** How good a model is under thresholds. */
@FunctionalInterface
public interface ThresholdMetric {

    /**
     * A score, the higher the better.
     *
     * @param thresholds {@code [numLayers, numQoHeads]}
     */
    double score(float[] thresholds);
}
