package dev.filigree.host.calibrate.heads.score;

/** Sums per layer and KV head, and their mean over samples. */
final class MeanTable {
    private final int numHeads;
    private final double[] sums;
    private int numSamples;

    MeanTable(int numLayers, int numHeads) {
        this.numHeads = numHeads;
        this.sums = new double[numLayers * numHeads];
    }

    void add(int layer, int head, double value) {
        sums[layer * numHeads + head] += value;
    }

    void endSample() {
        numSamples++;
    }

    double[] means() {
        double[] means = sums.clone();
        for (int i = 0; i < means.length; i++) {
            means[i] /= Math.max(1, numSamples);
        }
        return means;
    }
}
