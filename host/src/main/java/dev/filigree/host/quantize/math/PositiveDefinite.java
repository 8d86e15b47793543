package dev.filigree.host.quantize.math;

import java.util.stream.IntStream;

/**
 * Factors and inverses of symmetric positive definite matrices in fp64, row-major. Work goes in blocks of rows that stay in the
 * second-level cache, since the whole of a large layer's matrix does not fit any. Equal calls give equal bits on any number of
 * threads.
 */
public final class PositiveDefinite {
    /** Rows that a thread works on together. */
    private static final int BLOCK = 16;

    private PositiveDefinite() {}

    /** Replaces a matrix {@code [n, n]} by its lower factor, zeros above; false if it is not positive definite. */
    public static boolean factor(double[] a, int n) {
        for (int start = 0; start < n; start += BLOCK) {
            int from = start;
            int to = Math.min(n, start + BLOCK);
            // Every row takes what earlier columns say about these, then the columns are finished one by one.
            blocks(from, n, (first, last) -> {
                for (int i = first; i < last; i++) {
                    for (int j = from; j < Math.min(to, i + 1); j++) {
                        a[i * n + j] -= dot(a, i * n, a, j * n, from);
                    }
                }
            });
            for (int j = from; j < to; j++) {
                double pivot = a[j * n + j] - dot(a, j * n + from, a, j * n + from, j - from);
                if (!(pivot > 0)) {
                    return false;
                }
                double root = Math.sqrt(pivot);
                a[j * n + j] = root;
                for (int i = j + 1; i < n; i++) {
                    a[i * n + j] = (a[i * n + j] - dot(a, i * n + from, a, j * n + from, j - from)) / root;
                }
            }
        }
        for (int i = 0; i < n; i++) {
            java.util.Arrays.fill(a, i * n + i + 1, (i + 1) * n, 0);
        }
        return true;
    }

    /** The inverse of {@code L L^T}, of its lower factor. */
    public static double[] inverse(double[] lower, int n) {
        double[] columns = new double[n * n]; // row c: column c of L^-1, from c on
        blocks(0, n, (first, last) -> {
            for (int i = first; i < n; i++) {
                for (int c = first; c < Math.min(last, i); c++) {
                    columns[c * n + i] = -dot(lower, i * n + c, columns, c * n + c, i - c) / lower[i * n + i];
                }
                if (i < last) {
                    columns[i * n + i] = 1 / lower[i * n + i];
                }
            }
        });
        double[] inverse = new double[n * n];
        blocks(0, n, (first, last) -> {
            for (int j = 0; j < last; j++) {
                for (int i = Math.max(first, j); i < last; i++) {
                    double sum = dot(columns, i * n + i, columns, j * n + i, n - i);
                    inverse[i * n + j] = sum;
                    inverse[j * n + i] = sum;
                }
            }
        });
        return inverse;
    }

    @FunctionalInterface
    private interface Rows {
        void of(int first, int last);
    }

    private static void blocks(int from, int to, Rows work) {
        IntStream.range(0, Math.ceilDiv(to - from, BLOCK))
                .parallel()
                .forEach(b -> work.of(from + b * BLOCK, Math.min(to, from + (b + 1) * BLOCK)));
    }

    /** Four sums at a time, because one waits for itself. */
    private static double dot(double[] a, int atA, double[] b, int atB, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int k = 0;
        for (; k + 3 < count; k += 4) {
            s0 += a[atA + k] * b[atB + k];
            s1 += a[atA + k + 1] * b[atB + k + 1];
            s2 += a[atA + k + 2] * b[atB + k + 2];
            s3 += a[atA + k + 3] * b[atB + k + 3];
        }
        for (; k < count; k++) {
            s0 += a[atA + k] * b[atB + k];
        }
        return s0 + s1 + (s2 + s3);
    }
}
