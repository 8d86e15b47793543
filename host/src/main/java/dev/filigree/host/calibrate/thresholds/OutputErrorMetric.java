package dev.filigree.host.calibrate.thresholds;

import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Minus the relative squared error of the labelled hidden states after the final norm, against dense attention: 0 is
 * perfect.
 */
public final class OutputErrorMetric implements ThresholdMetric {
    private final DecoderArrays model;
    private final DenseDecoder decoder;
    private final SparseKernels sparse;
    private final List<CalibrationSample> samples;
    private final List<double[]> expected = new ArrayList<>();

    /** A metric over some samples; runs each of them dense. */
    public OutputErrorMetric(
            DecoderArrays model, DecoderKernels kernels, SparseKernels sparse, List<CalibrationSample> samples) {
        this.model = model;
        this.decoder = new DenseDecoder(model, kernels);
        this.sparse = sparse;
        this.samples = List.copyOf(samples);
        for (CalibrationSample sample : samples) {
            double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
            expected.add(labelled(sample, decoder.run(x, sample.numTokens(), 0, DenseDecoder.Visitor.NONE)));
        }
    }

    @Override
    public double score(float[] thresholds) {
        double error = 0;
        for (int i = 0; i < samples.size(); i++) {
            error += relativeError(expected.get(i), labelled(samples.get(i), sparse(samples.get(i), thresholds)));
        }
        return -error / samples.size();
    }

    private double[] sparse(CalibrationSample sample, float[] thresholds) {
        int heads = model.geometry().numQoHeads();
        double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
        return decoder.run(
                x,
                sample.numTokens(),
                (int layer, LayerTrace trace) ->
                        sparse.run(trace, Arrays.copyOfRange(thresholds, layer * heads, (layer + 1) * heads)));
    }

    private double[] labelled(CalibrationSample sample, double[] x) {
        int width = model.hidden();
        double[] picked = new double[sample.labels().length * width];
        for (int i = 0; i < sample.labels().length; i++) {
            System.arraycopy(x, sample.labels()[i] * width, picked, i * width, width);
        }
        return decoder.finalNorm(picked, new double[sample.labels().length]);
    }

    private static double relativeError(double[] expected, double[] actual) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            error += (expected[i] - actual[i]) * (expected[i] - actual[i]);
            size += expected[i] * expected[i];
        }
        return error / size;
    }
}
