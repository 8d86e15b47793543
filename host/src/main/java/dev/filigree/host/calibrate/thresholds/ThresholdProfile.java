package dev.filigree.host.calibrate.thresholds;

import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.Rows;

/**
 * The profile that XAttention's maintainers recommend: with exact mass per block at hand, a head's threshold is the share of
 * estimated mass that has to be taken until the blocks holding {@value #EXACT_SHARE} of the exact mass are in; the largest
 * over texts counts. The model runs dense.
 */
public final class ThresholdProfile {
    private static final double EXACT_SHARE = 0.9;

    private final DecoderArrays model;
    private final DenseDecoder decoder;
    private final SparseKernels sparse;
    private final XAttentionShape shape;
    private final int maxBlocks;
    private final double[] thresholds;

    /**
     * A profile of no text yet.
     *
     * @param maxTokens of the longest text
     */
    public ThresholdProfile(
            DecoderArrays model, DecoderKernels kernels, SparseKernels sparse, XAttentionShape shape, int maxTokens) {
        this.model = model;
        this.decoder = new DenseDecoder(model, kernels);
        this.sparse = sparse;
        this.shape = shape;
        this.maxBlocks = shape.numBlocks(maxTokens);
        this.thresholds = new double[model.numLayers() * model.geometry().numQoHeads()];
    }

    /** Takes the thresholds of one more text into account. */
    public void add(double[] ofText) {
        for (int i = 0; i < thresholds.length; i++) {
            thresholds[i] = Math.max(thresholds[i], ofText[i]);
        }
    }

    /** {@code [numLayers, numQoHeads]}: the thresholds of one text; labels do not matter. */
    public double[] of(CalibrationSample sample) {
        double[] found = new double[thresholds.length];
        float[] everything = new float[model.geometry().numQoHeads()];
        java.util.Arrays.fill(everything, 1);
        double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
        decoder.run(x, sample.numTokens(), 0, (layer, trace, attn, lse) -> {
            sparse.run(trace, everything);
            addLayer(layer, trace, lse, sparse.blockMass(sample.numTokens()), found);
        });
        return found;
    }

    private void addLayer(int layer, LayerTrace trace, double[] lse, double[] estimated, double[] found) {
        int heads = model.geometry().numQoHeads();
        ExactMass exact = new ExactMass(model, shape);
        for (int head = 0; head < heads; head++) {
            double[] mass = exact.of(trace, lse, head);
            double taken = 0;
            double total = 0;
            int rows = shape.numBlocks(trace.in().count());
            for (int row = 0; row < rows; row++) {
                double[] e = java.util.Arrays.copyOfRange(mass, row * rows, row * rows + row + 1);
                int at = (row * heads + head) * maxBlocks;
                double[] x = java.util.Arrays.copyOfRange(estimated, at, at + row + 1);
                taken += BlockRow.takenMass(e, x, EXACT_SHARE);
                total += BlockRow.sum(x);
            }
            found[layer * heads + head] = Math.min(1, taken / total);
        }
    }

    /** {@code [numLayers, numQoHeads]}: thresholds over the texts so far. */
    public double[] thresholds() {
        return thresholds.clone();
    }
}
