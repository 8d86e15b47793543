package dev.filigree.host.picture;

import java.util.Arrays;

/**
 * An RGB picture as a model paints it.
 *
 * @param width in pixels
 * @param height in pixels
 * @param values {@code [3, height, width]}, -1 for none of a colour and 1 for all of it; values beyond are cut off when seen
 */
public record Picture(int width, int height, float[] values) {
    /** Red, green, blue. */
    public static final int CHANNELS = 3;

    /** Copies the values and checks their number. */
    public Picture {
        if (width < 1 || height < 1 || values.length != CHANNELS * width * height) {
            throw new IllegalArgumentException("a picture of " + width + " x " + height + " must have "
                    + CHANNELS * width * height + " values, not " + values.length);
        }
        values = values.clone();
    }

    @Override
    public float[] values() {
        return values.clone();
    }

    /** One colour of a pixel, 0 to 255. */
    public int level(int channel, int row, int column) {
        float value = values[(channel * height + row) * width + column];
        return Math.round((Math.clamp(value, -1, 1) + 1) * 127.5f);
    }

    /** The picture as it is seen: {@code [3, height, width]} of 0 to 255. */
    public double[] levels() {
        double[] levels = new double[values.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = level(i / (width * height), i / width % height, i % width);
        }
        return levels;
    }

    @Override
    public boolean equals(@org.jspecify.annotations.Nullable Object other) {
        return other instanceof Picture(int w, int h, float[] v)
                && w == width
                && h == height
                && Arrays.equals(v, values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return width + " x " + height + " picture";
    }
}
