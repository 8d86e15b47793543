package dev.filigree.host.checkpoint;

import java.util.Arrays;

/**
 * The angles of rotary position embedding: at position {@code p}, elements {@code i} and {@code i + headDim/2} of a head
 * turn by {@code p * inverse(i)}, and cosine and sine are multiplied by {@link #attentionFactor}.
 *
 * <p>The values are computed in single precision, step by step as the models were trained with: at position 100000 the last
 * bit of a frequency turns an element by several thousandths.
 */
public final class RopeFrequencies {
    private final float[] inverse;
    private final double attentionFactor;

    private RopeFrequencies(float[] inverse, double attentionFactor) {
        this.inverse = inverse;
        this.attentionFactor = attentionFactor;
    }

    /**
     * Computes the frequencies.
     *
     * @param headDim elements per head, even and at least 2
     * @param contextLength the longest context they are used for; matters only to {@link RopeScaling.Dynamic}
     * @throws IllegalArgumentException if {@code headDim} is odd or less than 2, for dynamic scaling less than 4
     */
    public static RopeFrequencies of(RopeConfig rope, int headDim, int contextLength) {
        if (headDim < 2 || headDim % 2 != 0) {
            throw new IllegalArgumentException("headDim is " + headDim + "; accepted: an even number from 2");
        }
        return switch (rope.scaling()) {
            case RopeScaling.None none -> new RopeFrequencies(plain(rope.theta(), headDim), 1);
            case RopeScaling.Linear linear -> new RopeFrequencies(linear(rope.theta(), headDim, linear), 1);
            case RopeScaling.Dynamic dynamic ->
                new RopeFrequencies(plain(dynamicTheta(rope.theta(), headDim, contextLength, dynamic), headDim), 1);
            case RopeScaling.Llama3 llama3 -> new RopeFrequencies(llama3(rope.theta(), headDim, llama3), 1);
            case RopeScaling.Yarn yarn ->
                new RopeFrequencies(yarn(rope.theta(), headDim, yarn), yarn.attentionFactor());
        };
    }

    /** How many angles a head has: {@code headDim / 2}. */
    public int size() {
        return inverse.length;
    }

    /** Radians per position of element pair {@code i}. */
    public float inverse(int i) {
        return inverse[i];
    }

    /** All of them, a copy. */
    public float[] toArray() {
        return inverse.clone();
    }

    /** The factor of cosine and sine, 1 except with YaRN; attention scores grow with its square. */
    public double attentionFactor() {
        return attentionFactor;
    }

    @Override
    public String toString() {
        return "RopeFrequencies" + Arrays.toString(inverse) + " * " + attentionFactor;
    }

    private static float[] plain(double theta, int headDim) {
        float[] inverse = new float[headDim / 2];
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] = 1 / wavelengthFactor(theta, i, headDim);
        }
        return inverse;
    }

    private static float wavelengthFactor(double theta, int i, int headDim) {
        return (float) Math.pow(theta, 2f * i / headDim);
    }

    private static float[] linear(double theta, int headDim, RopeScaling.Linear linear) {
        float[] inverse = plain(theta, headDim);
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] /= (float) linear.factor();
        }
        return inverse;
    }

    private static double dynamicTheta(double theta, int headDim, int contextLength, RopeScaling.Dynamic dynamic) {
        if (headDim < 4) {
            throw new IllegalArgumentException("headDim is " + headDim + "; accepted: 4 or more with dynamic scaling");
        }
        double length = Math.max(contextLength, dynamic.originalMaxPosition());
        double stretch = dynamic.factor() * length / dynamic.originalMaxPosition() - (dynamic.factor() - 1);
        return theta * Math.pow(stretch, headDim / (headDim - 2.0));
    }

    private static float[] llama3(double theta, int headDim, RopeScaling.Llama3 scaling) {
        float[] inverse = plain(theta, headDim);
        double length = scaling.originalMaxPosition();
        for (int i = 0; i < inverse.length; i++) {
            float wavelength = (float) (2 * Math.PI) / inverse[i];
            float divided = inverse[i] / (float) scaling.factor();
            if (wavelength > length / scaling.lowFreqFactor()) {
                inverse[i] = divided;
            } else if (wavelength >= length / scaling.highFreqFactor()) {
                double blend = (length / wavelength - scaling.lowFreqFactor())
                        / (scaling.highFreqFactor() - scaling.lowFreqFactor());
                inverse[i] = (float) ((1 - blend) * divided + blend * inverse[i]);
            }
        }
        return inverse;
    }

    private static float[] yarn(double theta, int headDim, RopeScaling.Yarn scaling) {
        double low = dimension(scaling.betaFast(), theta, headDim, scaling);
        double high = dimension(scaling.betaSlow(), theta, headDim, scaling);
        low = Math.max(scaling.truncate() ? Math.floor(low) : low, 0);
        high = Math.min(scaling.truncate() ? Math.ceil(high) : high, headDim - 1);
        // equal borders would divide by zero
        double span = high == low ? 0.001 : high - low;
        float[] inverse = new float[headDim / 2];
        for (int i = 0; i < inverse.length; i++) {
            float factor = wavelengthFactor(theta, i, headDim);
            float kept = 1 / factor;
            float divided = 1 / ((float) scaling.factor() * factor);
            float ramp = (float) Math.clamp((i - low) / span, 0, 1);
            inverse[i] = divided * ramp + kept * (1 - ramp);
        }
        return inverse;
    }

    /** The dimension that makes {@code rotations} turns over the trained length, as a real number. */
    private static double dimension(double rotations, double theta, int headDim, RopeScaling.Yarn scaling) {
        return headDim * Math.log(scaling.originalMaxPosition() / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
    }
}
