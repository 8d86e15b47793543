package dev.filigree.host.calibrate.thresholds;

import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import java.util.stream.IntStream;

/** Attention mass per block of one head, from its probabilities. */
final class ExactMass {
    private final DecoderArrays model;
    private final XAttentionShape shape;

    ExactMass(DecoderArrays model, XAttentionShape shape) {
        this.model = model;
        this.shape = shape;
    }

    /**
     * Sums of causal softmax probabilities over blocks; a whole row of blocks sums to its number of queries.
     *
     * @param lse {@code [numTokens, numQoHeads]} of dense attention
     * @return {@code [numBlocks, numBlocks]}
     */
    double[] of(LayerTrace trace, double[] lse, int head) {
        int n = trace.in().count();
        int blocks = shape.numBlocks(n);
        double[] turned = turnedKeys(trace, head / model.geometry().groupSize());
        double[] mass = new double[blocks * blocks];
        IntStream.range(0, blocks).parallel().forEach(row -> {
            double[] z = new double[n];
            int end = Math.min(n, (row + 1) * shape.blockSize());
            for (int t = row * shape.blockSize(); t < end; t++) {
                scores(trace, turned, head, t, z);
                double norm = lse[t * model.geometry().numQoHeads() + head];
                for (int j = 0; j <= t; j++) {
                    mass[row * blocks + j / shape.blockSize()] += Math.exp(z[j] * model.scale() - norm);
                }
            }
        });
        return mass;
    }

    private void scores(LayerTrace trace, double[] turned, int head, int t, double[] z) {
        int n = trace.in().count();
        int d = model.headDim();
        int at = (t * model.geometry().numQoHeads() + head) * d;
        java.util.Arrays.fill(z, 0, t + 1, 0);
        for (int c = 0; c < d; c++) {
            double factor = trace.q()[at + c];
            for (int j = 0; j <= t; j++) {
                z[j] += factor * turned[c * n + j];
            }
        }
    }

    private double[] turnedKeys(LayerTrace trace, int kvHead) {
        int n = trace.in().count();
        int d = model.headDim();
        int kvHeads = model.geometry().numKvHeads();
        double[] turned = new double[d * n];
        for (int j = 0; j < n; j++) {
            for (int c = 0; c < d; c++) {
                turned[c * n + j] = trace.k()[(j * kvHeads + kvHead) * d + c];
            }
        }
        return turned;
    }
}
