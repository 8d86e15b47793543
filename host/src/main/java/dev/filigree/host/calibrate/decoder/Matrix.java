package dev.filigree.host.calibrate.decoder;

import java.util.Arrays;

/** A linear layer's weight and bias; never changes. */
public final class Matrix {
    private final int outFeatures;
    private final int inFeatures;
    private final float[] values;
    private final float[] bias;

    /**
     * A linear layer.
     *
     * @param values {@code [outFeatures, inFeatures]}, row-major
     * @param bias {@code [outFeatures]}, or empty for none
     * @throws IllegalArgumentException if an array has another length
     */
    public Matrix(int outFeatures, int inFeatures, float[] values, float[] bias) {
        if (values.length != (long) outFeatures * inFeatures || (bias.length != 0 && bias.length != outFeatures)) {
            throw new IllegalArgumentException("a matrix of " + outFeatures + " x " + inFeatures + " needs "
                    + (long) outFeatures * inFeatures + " values and a bias of 0 or " + outFeatures + ", not "
                    + values.length + " and " + bias.length);
        }
        this.outFeatures = outFeatures;
        this.inFeatures = inFeatures;
        this.values = values.clone();
        this.bias = bias.clone();
    }

    public int outFeatures() {
        return outFeatures;
    }

    public int inFeatures() {
        return inFeatures;
    }

    public boolean hasBias() {
        return bias.length > 0;
    }

    /** {@code [outFeatures, inFeatures]}, a copy. */
    public float[] values() {
        return values.clone();
    }

    /** {@code [inFeatures, outFeatures]}, a copy. */
    public float[] transposed() {
        float[] turned = new float[values.length];
        for (int o = 0; o < outFeatures; o++) {
            for (int i = 0; i < inFeatures; i++) {
                turned[i * outFeatures + o] = values[o * inFeatures + i];
            }
        }
        return turned;
    }

    /** {@code [outFeatures]}, zeros if there is none; a copy. */
    public float[] bias() {
        return bias.length == 0 ? new float[outFeatures] : bias.clone();
    }

    /** Entry of row {@code out} and column {@code in}. */
    public float at(int out, int in) {
        return values[out * inFeatures + in];
    }

    @Override
    public String toString() {
        return outFeatures + " x " + inFeatures + (hasBias() ? " with bias" : "") + " #" + Arrays.hashCode(values);
    }
}
