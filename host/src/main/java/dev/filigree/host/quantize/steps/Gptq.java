package dev.filigree.host.quantize.steps;

import dev.filigree.host.quantize.math.PositiveDefinite;
import java.util.stream.IntStream;

/**
 * Rounds a weight column by column and lets the columns that are left make up for the error (Frantar et al. 2022), those
 * that see the largest inputs first. The grid is fixed before and does not change.
 */
final class Gptq {
    private static final int BLOCK = 128;
    /** Rows that a thread works on together, and columns that it finishes for all of them while they are in cache. */
    private static final int ROWS = 16;

    private static final int TILE = 256;

    private static final double DAMP = 0.01;
    private static final double MORE_DAMP = 0.001;
    private static final int MAX_TRIES = 250;

    /** Rounds one value of a row and column. */
    @FunctionalInterface
    interface Nearest {
        float of(int row, int column, float value);
    }

    private Gptq() {}

    /**
     * Rounds.
     *
     * @param weight {@code [rows, columns]}, replaced by the rounded numbers
     * @param x {@code [numRows, columns]}, inputs as the weight sees them
     */
    static float[] round(float[] weight, float[] x, int columns, Nearest grid) {
        double[] hessian = hessian(x, columns);
        int rows = weight.length / columns;
        for (int c = 0; c < columns; c++) {
            if (hessian[c * columns + c] == 0) {
                hessian[c * columns + c] = 1;
                for (int n = 0; n < rows; n++) {
                    weight[n * columns + c] = 0;
                }
            }
        }
        int[] order = IntStream.range(0, columns)
                .boxed()
                .sorted((a, b) -> Double.compare(hessian[b * columns + b], hessian[a * columns + a]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[] upper = upperOfInverse(permuted(hessian, order), columns);
        IntStream.range(0, (rows + ROWS - 1) / ROWS)
                .parallel()
                .forEach(block -> roundRows(
                        weight, block * ROWS, Math.min(rows, (block + 1) * ROWS), columns, order, upper, grid));
        return weight;
    }

    /** In blocks of columns whose sums stay in cache: the inputs of a large layer do not. */
    private static double[] hessian(float[] x, int columns) {
        double[] hessian = new double[columns * columns];
        int numRows = x.length / columns;
        IntStream.range(0, Math.ceilDiv(columns, ROWS)).parallel().forEach(block -> {
            int from = block * ROWS;
            int to = Math.min(columns, from + ROWS);
            for (int row = 0; row < numRows; row++) {
                for (int i = from; i < to; i++) {
                    add(hessian, i * columns, 2.0 / numRows * x[row * columns + i], x, row * columns, columns);
                }
            }
        });
        return hessian;
    }

    private static void add(double[] sums, int at, double by, float[] x, int row, int columns) {
        if (by != 0) {
            for (int j = 0; j < columns; j++) {
                sums[at + j] += by * x[row + j];
            }
        }
    }

    private static double[] permuted(double[] a, int[] order) {
        int n = order.length;
        double[] turned = new double[a.length];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                turned[i * n + j] = a[order[i] * n + order[j]];
            }
        }
        return turned;
    }

    /** Rows together read the factor once, which is larger than any cache. Each gets what it would get alone. */
    private static void roundRows(
            float[] weight, int from, int to, int columns, int[] order, double[] upper, Nearest grid) {
        double[][] left = new double[to - from][columns];
        for (int n = from; n < to; n++) {
            for (int i = 0; i < columns; i++) {
                left[n - from][i] = weight[n * columns + order[i]];
            }
        }
        double[][] errors = new double[to - from][BLOCK];
        for (int start = 0; start < columns; start += BLOCK) {
            int end = Math.min(columns, start + BLOCK);
            for (int i = start; i < end; i++) {
                for (int n = from; n < to; n++) {
                    double value = left[n - from][i];
                    float rounded = grid.of(n, order[i], (float) value);
                    weight[n * columns + order[i]] = rounded;
                    double error = (value - rounded) / upper[i * columns + i];
                    errors[n - from][i - start] = error;
                    subtract(left[n - from], error, upper, i * columns, i + 1, end);
                }
            }
            for (int tile = end; tile < columns; tile += TILE) {
                int last = Math.min(columns, tile + TILE);
                for (int i = start; i < end; i++) {
                    for (int n = 0; n < to - from; n++) {
                        subtract(left[n], errors[n][i - start], upper, i * columns, tile, last);
                    }
                }
            }
        }
    }

    private static void subtract(double[] left, double by, double[] upper, int row, int from, int to) {
        for (int j = from; j < to; j++) {
            left[j] -= by * upper[row + j];
        }
    }

    /** The upper triangular U with {@code H^-1 = U^T U}, H damped until it is positive definite. */
    private static double[] upperOfInverse(double[] hessian, int n) {
        double mean = 0;
        for (int i = 0; i < n; i++) {
            mean += hessian[i * n + i] / n;
        }
        for (int i = 0; i < n; i++) {
            hessian[i * n + i] += DAMP * mean;
        }
        for (int tries = 0; tries < MAX_TRIES; tries++) {
            double[] lower = hessian.clone();
            if (PositiveDefinite.factor(lower, n)) {
                double[] inverse = PositiveDefinite.inverse(lower, n);
                if (PositiveDefinite.factor(inverse, n)) {
                    return transposed(inverse, n);
                }
            }
            for (int i = 0; i < n; i++) {
                hessian[i * n + i] += MORE_DAMP * mean;
            }
        }
        throw new ArithmeticException("the inputs of a layer of " + n + " columns have no usable second moments");
    }

    private static double[] transposed(double[] a, int n) {
        double[] turned = new double[a.length];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                turned[i * n + j] = a[j * n + i];
            }
        }
        return turned;
    }
}
