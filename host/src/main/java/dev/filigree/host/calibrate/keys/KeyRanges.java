package dev.filigree.host.calibrate.keys;

import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.keys.KeySmoothing;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The largest magnitude of every channel of the rotated keys, as the cache gets them, over calibration texts. */
public final class KeyRanges {
    private final DecoderArrays model;
    private final DenseDecoder decoder;
    private final double[] largest;

    /** Ranges of no text yet. */
    public KeyRanges(DecoderArrays model, DecoderKernels kernels) {
        this.model = model;
        decoder = new DenseDecoder(model, kernels);
        largest = new double[model.numLayers() * model.kvWidth()];
    }

    /** Takes one more text into account. */
    public void add(CalibrationSample sample) {
        double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
        decoder.run(x, sample.numTokens(), 0, (layer, trace, attn, lse) -> {
            double[] k = trace.k();
            for (int i = 0; i < k.length; i++) {
                int at = layer * model.kvWidth() + i % model.kvWidth();
                largest[at] = Math.max(largest[at], Math.abs(k[i]));
            }
        });
    }

    /** The largest magnitude of a channel so far. */
    double largest(int layer, int kvHead, int channel) {
        return largest[layer * model.kvWidth() + kvHead * model.headDim() + channel];
    }

    /**
     * Factors {@code max(max|K_c|, max|K_{c + headDim / 2}|)^alpha} (QServe section 4.2); a pair that is always 0 has 1. Heads
     * whose keys are normalized share the largest of their factors.
     *
     * @param powersOfTwo round to the nearest power of two, which weights take in without rounding
     */
    public KeySmoothing smoothing(double alpha, boolean powersOfTwo) {
        int pairs = model.headDim() / 2;
        int kvHeads = model.geometry().numKvHeads();
        List<List<List<Float>>> layers = new ArrayList<>();
        for (int layer = 0; layer < model.numLayers(); layer++) {
            boolean shared = model.layers().get(layer).kNorm().length > 0;
            List<List<Float>> heads = new ArrayList<>();
            for (int head = 0; head < kvHeads; head++) {
                List<Float> factors = new ArrayList<>();
                for (int pair = 0; pair < pairs; pair++) {
                    double top = 0;
                    for (int other = shared ? 0 : head; other <= (shared ? kvHeads - 1 : head); other++) {
                        top = Math.max(top, largest(layer, other, pair));
                        top = Math.max(top, largest(layer, other, pair + pairs));
                    }
                    factors.add(factor(top, alpha, powersOfTwo));
                }
                heads.add(factors);
            }
            layers.add(heads);
        }
        return new KeySmoothing(alpha, Collections.unmodifiableList(layers));
    }

    private static float factor(double top, double alpha, boolean powersOfTwo) {
        if (top == 0) {
            return 1;
        }
        double factor = Math.pow(top, alpha);
        return powersOfTwo ? Math.scalb(1f, (int) Math.rint(Math.log(factor) / Math.log(2))) : (float) factor;
    }
}
