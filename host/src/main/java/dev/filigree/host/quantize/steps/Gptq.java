package dev.filigree.host.quantize.steps;

import java.util.stream.IntStream;

/**
 * Rounds a weight column by column and lets the columns that are left make up for the error (Frantar et al. 2022), those
 * that see the largest inputs first. The grid is fixed before and does not change.
 */
final class Gptq {
    private static final int BLOCK = 128;
    /** Rows that a thread rounds together. */
    private static final int ROWS = 16;

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

    private static double[] hessian(float[] x, int columns) {
        double[] hessian = new double[columns * columns];
        int numRows = x.length / columns;
        IntStream.range(0, columns).parallel().forEach(i -> {
            for (int row = 0; row < numRows; row++) {
                double by = 2.0 / numRows * x[row * columns + i];
                if (by != 0) {
                    for (int j = 0; j < columns; j++) {
                        hessian[i * columns + j] += by * x[row * columns + j];
                    }
                }
            }
        });
        return hessian;
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
            for (int i = start; i < end; i++) {
                for (int n = 0; n < to - from; n++) {
                    subtract(left[n], errors[n][i - start], upper, i * columns, end, columns);
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
            if (cholesky(lower, n)) {
                double[] inverse = inverse(lower, n);
                if (cholesky(inverse, n)) {
                    return transposed(inverse, n);
                }
            }
            for (int i = 0; i < n; i++) {
                hessian[i * n + i] += MORE_DAMP * mean;
            }
        }
        throw new ArithmeticException("the inputs of a layer of " + n + " columns have no usable second moments");
    }

    /** Replaces a symmetric matrix by its lower factor, zeros above; false if it is not positive definite. */
    static boolean cholesky(double[] a, int n) {
        for (int j = 0; j < n; j++) {
            int column = j;
            double pivot = a[j * n + j] - square(a, j * n, j);
            if (!(pivot > 0)) {
                return false;
            }
            double root = Math.sqrt(pivot);
            a[j * n + j] = root;
            range(j + 1, n).forEach(i -> {
                double sum = a[i * n + column];
                for (int k = 0; k < column; k++) {
                    sum -= a[i * n + k] * a[column * n + k];
                }
                a[i * n + column] = sum / root;
            });
            for (int k = j + 1; k < n; k++) {
                a[j * n + k] = 0;
            }
        }
        return true;
    }

    private static IntStream range(int from, int to) {
        IntStream range = IntStream.range(from, to);
        return to - from > 512 ? range.parallel() : range;
    }

    private static double square(double[] a, int at, int count) {
        double sum = 0;
        for (int k = 0; k < count; k++) {
            sum += a[at + k] * a[at + k];
        }
        return sum;
    }

    /** The inverse of {@code L L^T}. */
    private static double[] inverse(double[] lower, int n) {
        double[] rows = new double[n * n]; // row c: column c of L^-1, from c on
        IntStream.range(0, n).parallel().forEach(c -> {
            rows[c * n + c] = 1 / lower[c * n + c];
            for (int i = c + 1; i < n; i++) {
                double sum = 0;
                for (int k = c; k < i; k++) {
                    sum -= lower[i * n + k] * rows[c * n + k];
                }
                rows[c * n + i] = sum / lower[i * n + i];
            }
        });
        double[] inverse = new double[n * n];
        IntStream.range(0, n).parallel().forEach(i -> {
            for (int j = 0; j <= i; j++) {
                double sum = 0;
                for (int k = i; k < n; k++) {
                    sum += rows[i * n + k] * rows[j * n + k];
                }
                inverse[i * n + j] = sum;
                inverse[j * n + i] = sum;
            }
        });
        return inverse;
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
