package dev.filigree.host.quantize.nunchaku;

import java.util.Arrays;

/** A way from the elements of a matrix to their places in a tensor. */
@FunctionalInterface
interface Places {
    /** The place of an element. */
    int of(int row, int column);

    /** A tensor of that size with a matrix put in its places, the rest padding. */
    default float[] spread(float[] values, int rows, int columns, int size, float padding) {
        float[] all = new float[size];
        Arrays.fill(all, padding);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                all[of(row, column)] = values[row * columns + column];
            }
        }
        return all;
    }

    /** The matrix in a tensor. */
    default float[] gather(float[] all, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                values[row * columns + column] = all[of(row, column)];
            }
        }
        return values;
    }
}
