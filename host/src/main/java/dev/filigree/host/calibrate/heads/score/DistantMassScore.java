package dev.filigree.host.calibrate.heads.score;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.Rows;

/**
 * Attention mass beyond sink and recent tokens at the labelled positions, mean over the group: {@code 1 - exp(lse of the
 * streaming pattern - lse of dense attention)}, so two attention passes and no attention matrix.
 */
public final class DistantMassScore implements HeadScore {
    private final DecoderArrays model;
    private final DecoderKernels kernels;
    private final HeadPattern.Streaming pattern;
    private final DenseDecoder decoder;
    private final MeanTable table;

    /** A score under one streaming pattern. */
    public DistantMassScore(DecoderArrays model, DecoderKernels kernels, HeadPattern.Streaming pattern) {
        this.model = model;
        this.kernels = kernels;
        this.pattern = pattern;
        this.decoder = new DenseDecoder(model, kernels);
        this.table = new MeanTable(model.numLayers(), model.geometry().numKvHeads());
    }

    @Override
    public void add(CalibrationSample sample) {
        double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
        decoder.run(x, sample.numTokens(), 0, (layer, trace, attn, lse) -> addLayer(sample, layer, trace, lse));
        table.endSample();
    }

    private void addLayer(CalibrationSample sample, int layer, LayerTrace trace, double[] lse) {
        LabelledStreaming near = LabelledStreaming.of(model, kernels, pattern, trace, sample.firstLabel());
        int heads = model.geometry().numQoHeads();
        int group = model.geometry().groupSize();
        double unit = 1.0 / (sample.labels().length * group);
        for (int label : sample.labels()) {
            for (int h = 0; h < heads; h++) {
                double distant = -Math.expm1(near.lse()[(label - near.start()) * heads + h] - lse[label * heads + h]);
                table.add(layer, h / group, Math.max(0, distant) * unit);
            }
        }
    }

    @Override
    public double[] scores() {
        return table.means();
    }
}
