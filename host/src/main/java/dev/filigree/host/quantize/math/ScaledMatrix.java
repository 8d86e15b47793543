package dev.filigree.host.quantize.math;

/**
 * A matrix on the device with a factor per column that can change without touching it: what the smoothing search
 * decomposes again and again. Close it to free both copies.
 */
public final class ScaledMatrix implements AutoCloseable {
    private final Products products;
    private final Operand matrix;
    private final Operand transposed;

    /** Brings a matrix and its transpose to the device. */
    public ScaledMatrix(Products products, float[] values, int rows, int columns) {
        this.products = products;
        matrix = products.load(values, rows, columns);
        float[] turned = new float[values.length];
        for (int i = 0; i < rows; i += 16) { // in blocks that keep both sides in cache lines
            for (int j = 0; j < columns; j++) {
                for (int k = i; k < Math.min(rows, i + 16); k++) {
                    turned[j * rows + k] = values[k * columns + j];
                }
            }
        }
        transposed = products.load(turned, columns, rows);
    }

    /** Number of rows. */
    public int rows() {
        return matrix.rows();
    }

    /** Number of columns. */
    public int columns() {
        return matrix.columns();
    }

    /** {@code [count, rows]}: each of the given rows times the transpose of {@code M diag(factors)}. */
    float[] forward(float[] x, int count, float[] factors) {
        try (Operand left = products.load(scaled(x, factors), count, columns())) {
            return products.times(left, matrix);
        }
    }

    /** {@code [count, columns]}: each of the given rows times {@code M diag(factors)}. */
    float[] backward(float[] y, int count, float[] factors) {
        try (Operand left = products.load(y, count, rows())) {
            return scaled(products.times(left, transposed), factors);
        }
    }

    private static float[] scaled(float[] values, float[] factors) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = values[i] * factors[i % factors.length];
        }
        return result;
    }

    @Override
    public void close() {
        matrix.close();
        transposed.close();
    }
}
