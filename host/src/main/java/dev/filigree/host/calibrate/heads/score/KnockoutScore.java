package dev.filigree.host.calibrate.heads.score;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.Rows;
import java.util.ArrayList;
import java.util.List;

/**
 * What happens when exactly one head streams: the mean squared change of the hidden states after the final norm at the
 * labelled positions. Later layers run on what the change leaves them, so this is the definition of a retrieval head
 * (DuoAttention section 2.1) taken at its word; interactions between streaming heads are not seen.
 */
public final class KnockoutScore implements HeadScore {
    private final DecoderArrays model;
    private final DecoderKernels kernels;
    private final HeadPattern.Streaming pattern;
    private final DenseDecoder decoder;
    private final MeanTable table;

    /** A score under one streaming pattern. */
    public KnockoutScore(DecoderArrays model, DecoderKernels kernels, HeadPattern.Streaming pattern) {
        this.model = model;
        this.kernels = kernels;
        this.pattern = pattern;
        this.decoder = new DenseDecoder(model, kernels);
        this.table = new MeanTable(model.numLayers(), model.geometry().numKvHeads());
    }

    @Override
    public void add(CalibrationSample sample) {
        List<double[]> inputs = new ArrayList<>();
        double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
        double[] dense = decoder.run(x, sample.numTokens(), 0, (layer, trace, attn, lse) -> inputs.add(trace.x()));
        double[] expected = hidden(sample, dense);
        for (int layer = 0; layer < model.numLayers(); layer++) {
            for (int head = 0; head < model.geometry().numKvHeads(); head++) {
                double[] actual = hidden(sample, without(sample, inputs.get(layer), layer, head));
                table.add(layer, head, meanSquare(expected, actual));
            }
        }
        table.endSample();
    }

    private double[] without(CalibrationSample sample, double[] x, int firstLayer, int head) {
        return decoder.run(x, sample.numTokens(), firstLayer, (layer, trace, attn, lse) -> {
            if (layer == firstLayer) {
                replace(trace, attn, head);
            }
        });
    }

    private void replace(LayerTrace trace, double[] attn, int head) {
        LabelledStreaming near = LabelledStreaming.of(model, kernels, pattern, trace, 0);
        int width = model.qWidth();
        int groupWidth = model.geometry().groupSize() * model.headDim();
        for (int row = 0; row < trace.in().count(); row++) {
            int at = row * width + head * groupWidth;
            System.arraycopy(near.attn(), at, attn, at, groupWidth);
        }
    }

    private double[] hidden(CalibrationSample sample, double[] x) {
        int width = model.hidden();
        double[] picked = new double[sample.labels().length * width];
        for (int i = 0; i < sample.labels().length; i++) {
            System.arraycopy(x, sample.labels()[i] * width, picked, i * width, width);
        }
        return decoder.finalNorm(picked, new double[sample.labels().length]);
    }

    private static double meanSquare(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return sum / a.length;
    }

    @Override
    public double[] scores() {
        return table.means();
    }
}
