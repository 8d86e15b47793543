package dev.filigree.host.calibrate.heads.score;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.Matrix;
import dev.filigree.host.calibrate.decoder.Rows;
import java.util.HashMap;
import java.util.Map;

/**
 * How far a head's contribution to the residual stream moves when it streams: mean over the labelled positions of {@code
 * |Wo (F - S)|^2 / |x|^2}, x the stream that the final norm divides by, in which every contribution still stands. Values and
 * output projection count, what later layers make of the change does not.
 */
public final class DeviationScore implements HeadScore {
    private final DecoderArrays model;
    private final DecoderKernels kernels;
    private final HeadPattern.Streaming pattern;
    private final DenseDecoder decoder;
    private final MeanTable table;
    private final Map<Integer, Matrix> projections = new HashMap<>();

    /** A score under one streaming pattern. */
    public DeviationScore(DecoderArrays model, DecoderKernels kernels, HeadPattern.Streaming pattern) {
        this.model = model;
        this.kernels = kernels;
        this.pattern = pattern;
        this.decoder = new DenseDecoder(model, kernels);
        this.table = new MeanTable(model.numLayers(), model.geometry().numKvHeads());
    }

    @Override
    public void add(CalibrationSample sample) {
        int kvHeads = model.geometry().numKvHeads();
        double[] moves = new double[model.numLayers() * kvHeads * sample.labels().length];
        double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
        double[] last = decoder.run(x, sample.numTokens(), 0, (layer, trace, attn, lse) -> {
            LabelledStreaming near = LabelledStreaming.of(model, kernels, pattern, trace, sample.firstLabel());
            for (int g = 0; g < kvHeads; g++) {
                double[] moved =
                        kernels.linear(withoutBias(layer), difference(sample, attn, near, g), sample.labels().length);
                squares(moved, moves, (layer * kvHeads + g) * sample.labels().length);
            }
        });
        addRelative(sample, moves, last);
        table.endSample();
    }

    /** F - S of one group at the labelled positions, {@code [labels, numQoHeads * headDim]}. */
    private double[] difference(CalibrationSample sample, double[] attn, LabelledStreaming near, int group) {
        int width = model.qWidth();
        int groupWidth = model.geometry().groupSize() * model.headDim();
        double[] difference = new double[sample.labels().length * width];
        for (int i = 0; i < sample.labels().length; i++) {
            int label = sample.labels()[i];
            for (int c = group * groupWidth; c < (group + 1) * groupWidth; c++) {
                difference[i * width + c] = attn[label * width + c] - near.attn()[(label - near.start()) * width + c];
            }
        }
        return difference;
    }

    /** A difference has no bias: where the projection has one, a copy without it is used. */
    private Matrix withoutBias(int layer) {
        Matrix o = model.layers().get(layer).o();
        return !o.hasBias()
                ? o
                : projections.computeIfAbsent(
                        layer, l -> new Matrix(o.outFeatures(), o.inFeatures(), o.values(), new float[0]));
    }

    private void squares(double[] rows, double[] out, int at) {
        for (int i = 0; i < rows.length; i++) {
            out[at + i / model.hidden()] += rows[i] * rows[i];
        }
    }

    private void addRelative(CalibrationSample sample, double[] moves, double[] last) {
        int count = sample.labels().length;
        double[] sizes = new double[count];
        for (int i = 0; i < count; i++) {
            int at = sample.labels()[i] * model.hidden();
            squares(java.util.Arrays.copyOfRange(last, at, at + model.hidden()), sizes, i);
        }
        int kvHeads = model.geometry().numKvHeads();
        for (int i = 0; i < moves.length; i++) {
            int gate = i / count;
            table.add(gate / kvHeads, gate % kvHeads, moves[i] / sizes[i % count] / count);
        }
    }

    @Override
    public double[] scores() {
        return table.means();
    }
}
