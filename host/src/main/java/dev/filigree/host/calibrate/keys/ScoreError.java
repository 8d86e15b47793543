package dev.filigree.host.calibrate.keys;

import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.keys.KeySmoothing;
import java.util.Optional;

/**
 * How far scores move when keys are stored in 4 bits with scale and zero per token and head (QServe section 5.1): the root of
 * the mean square of {@code q (k' - k)} over that of {@code q k} about its mean over the keys, as a shift of all scores of a
 * row changes nothing. The last queries of a text judge, over all keys before them.
 */
public final class ScoreError {
    private static final int QUERIES = 16;
    private static final int STEPS = 15;

    private final DecoderArrays model;
    private final Optional<KeySmoothing> smoothing;

    /** The error with keys as they are, or smoothed. */
    public ScoreError(DecoderArrays model, Optional<KeySmoothing> smoothing) {
        this.model = model;
        this.smoothing = smoothing;
    }

    /** {@code [numLayers]}: the error of one text. */
    public double[] of(CalibrationSample sample, DecoderKernels kernels) {
        double[] errors = new double[model.numLayers()];
        DenseDecoder decoder = new DenseDecoder(model, kernels);
        double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
        decoder.run(x, sample.numTokens(), 0, (layer, trace, attn, lse) -> errors[layer] = ofLayer(layer, trace));
        return errors;
    }

    private double ofLayer(int layer, LayerTrace trace) {
        double[] moved = new double[2];
        double[] k = trace.k();
        double[] stored = stored(layer, k);
        int heads = model.geometry().numQoHeads();
        int rows = trace.in().count();
        for (int row = Math.max(0, rows - QUERIES); row < rows; row++) {
            for (int head = 0; head < heads; head++) {
                addRow(trace.q(), row, head, k, stored, moved);
            }
        }
        return moved[1] == 0 ? 0 : Math.sqrt(moved[0] / moved[1]);
    }

    /** Adds the variances of one row's error and of its scores. */
    private void addRow(double[] q, int row, int head, double[] k, double[] stored, double[] moved) {
        int d = model.headDim();
        int kvHead = head / model.geometry().groupSize();
        double[] errors = new double[row + 1];
        double[] scores = new double[row + 1];
        for (int key = 0; key <= row; key++) {
            for (int c = 0; c < d; c++) {
                double factor = q[(row * model.geometry().numQoHeads() + head) * d + c];
                int at = key * model.kvWidth() + kvHead * d + c;
                errors[key] += factor * (stored[at] - k[at]);
                scores[key] += factor * k[at];
            }
        }
        moved[0] += variance(errors);
        moved[1] += variance(scores);
    }

    private static double variance(double[] values) {
        double mean = 0;
        for (double value : values) {
            mean += value / values.length;
        }
        double sum = 0;
        for (double value : values) {
            sum += (value - mean) * (value - mean);
        }
        return sum;
    }

    /** Keys as they read back, with the factors taken out again. */
    private double[] stored(int layer, double[] k) {
        int d = model.headDim();
        double[] stored = new double[k.length];
        for (int start = 0; start < k.length; start += d) {
            int kvHead = start / d % model.geometry().numKvHeads();
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < d; c++) {
                double value = k[start + c] / factor(layer, kvHead, c);
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
            double step = (high - low) / STEPS;
            for (int c = 0; c < d; c++) {
                double factor = factor(layer, kvHead, c);
                double code = step == 0 ? 0 : Math.rint((k[start + c] / factor - low) / step);
                stored[start + c] = (low + code * step) * factor;
            }
        }
        return stored;
    }

    private double factor(int layer, int kvHead, int channel) {
        return smoothing.map(s -> (double) s.of(layer, kvHead, channel)).orElse(1.0);
    }
}
