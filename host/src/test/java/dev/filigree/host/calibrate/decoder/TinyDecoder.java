package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.ModelGeometry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Small random decoders with every feature that the calibration has to differentiate through. */
public final class TinyDecoder {
    private static final int HIDDEN = 24;
    private static final int HEAD_DIM = 8;
    private static final int INTERMEDIATE = 40;
    private static final int VOCAB = 50;

    private TinyDecoder() {}

    /** Three layers, grouped heads, RoPE, SwiGLU. */
    public static DecoderArrays random(long seed, boolean qkvBias, boolean qkNorm) {
        return random(seed, 3, 6, 2, qkvBias, qkNorm);
    }

    /** As {@link #random(long, boolean, boolean)}, any number of layers and heads. */
    public static DecoderArrays random(
            long seed, int numLayers, int numQoHeads, int numKvHeads, boolean qkvBias, boolean qkNorm) {
        Random random = new Random(seed);
        List<LayerArrays> layers = new ArrayList<>();
        for (int l = 0; l < numLayers; l++) {
            layers.add(new LayerArrays(
                    weights(random, HIDDEN, 1, 0.2),
                    matrix(random, numQoHeads * HEAD_DIM, HIDDEN, qkvBias),
                    matrix(random, numKvHeads * HEAD_DIM, HIDDEN, qkvBias),
                    matrix(random, numKvHeads * HEAD_DIM, HIDDEN, qkvBias),
                    qkNorm ? weights(random, HEAD_DIM, 1, 0.3) : new float[0],
                    qkNorm ? weights(random, HEAD_DIM, 1, 0.3) : new float[0],
                    matrix(random, HIDDEN, numQoHeads * HEAD_DIM, false),
                    weights(random, HIDDEN, 1, 0.2),
                    matrix(random, INTERMEDIATE, HIDDEN, false),
                    matrix(random, INTERMEDIATE, HIDDEN, false),
                    matrix(random, HIDDEN, INTERMEDIATE, false)));
        }
        float[] frequencies = new float[HEAD_DIM / 2];
        for (int c = 0; c < frequencies.length; c++) {
            frequencies[c] = (float) Math.pow(100, -c / (double) frequencies.length);
        }
        return new DecoderArrays(
                ModelGeometry.of(numLayers, numQoHeads, numKvHeads, HEAD_DIM),
                HIDDEN,
                1e-5,
                new RotaryRule(frequencies, 1),
                weights(random, VOCAB * HIDDEN, 0, 1),
                layers,
                weights(random, HIDDEN, 1, 0.2));
    }

    /** Random token ids of the tiny vocabulary. */
    public static int[] tokens(long seed, int numTokens) {
        return new Random(seed).ints(numTokens, 0, VOCAB).toArray();
    }

    private static Matrix matrix(Random random, int out, int in, boolean bias) {
        return new Matrix(
                out,
                in,
                weights(random, out * in, 0, 1.2 / Math.sqrt(in)),
                bias ? weights(random, out, 0, 0.5) : new float[0]);
    }

    private static float[] weights(Random random, int n, double mean, double deviation) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return values;
    }
}
