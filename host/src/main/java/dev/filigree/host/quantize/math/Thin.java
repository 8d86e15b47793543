package dev.filigree.host.quantize.math;

import java.util.stream.IntStream;

/** Matrices of few long rows: orthonormal bases and small symmetric eigenproblems, in fp64. */
final class Thin {
    private static final int MAX_SWEEPS = 60;

    private Thin() {}

    /** Makes rows orthonormal, by Gram-Schmidt done twice; rows that depend on earlier ones become 0. */
    static void orthonormalize(float[] rows, int count, int length) {
        double[][] q = new double[count][length];
        for (int i = 0; i < count; i++) {
            double[] row = q[i];
            for (int c = 0; c < length; c++) {
                row[c] = rows[i * length + c];
            }
            double before = Math.sqrt(dot(row, row));
            for (int pass = 0; pass < 2; pass++) {
                int done = i;
                double[] along = IntStream.range(0, done)
                        .parallel()
                        .mapToDouble(j -> dot(q[j], row))
                        .toArray();
                for (int j = 0; j < done; j++) {
                    subtract(row, along[j], q[j]);
                }
            }
            double norm = Math.sqrt(dot(row, row));
            double by = norm > 1e-12 * before && norm > 0 ? 1 / norm : 0;
            for (int c = 0; c < length; c++) {
                row[c] *= by;
                rows[i * length + c] = (float) row[c];
            }
        }
    }

    /** {@code [count, count]}: all inner products of rows. */
    static double[] gram(float[] rows, int count, int length) {
        double[] gram = new double[count * count];
        IntStream.range(0, count).parallel().forEach(i -> {
            for (int j = 0; j <= i; j++) {
                double sum = 0;
                for (int c = 0; c < length; c++) {
                    sum += (double) rows[i * length + c] * rows[j * length + c];
                }
                gram[i * count + j] = sum;
                gram[j * count + i] = sum;
            }
        });
        return gram;
    }

    /**
     * Eigenvalues, descending, and eigenvectors of a symmetric matrix, by cyclic Jacobi rotations.
     *
     * @param a {@code [n, n]}, used up
     * @param vectors {@code [n, n]}, written: row i belongs to value i
     */
    static double[] eigen(double[] a, int n, double[] vectors) {
        double[] v = new double[n * n];
        for (int i = 0; i < n; i++) {
            v[i * n + i] = 1;
        }
        for (int sweep = 0; sweep < MAX_SWEEPS && rotateAll(a, v, n); sweep++) {}
        Integer[] order = IntStream.range(0, n).boxed().toArray(Integer[]::new);
        java.util.Arrays.sort(order, (x, y) -> Double.compare(a[y * n + y], a[x * n + x]));
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = a[order[i] * n + order[i]];
            System.arraycopy(v, order[i] * n, vectors, i * n, n);
        }
        return values;
    }

    private static boolean rotateAll(double[] a, double[] v, int n) {
        boolean turned = false;
        for (int p = 0; p < n; p++) {
            for (int q = p + 1; q < n; q++) {
                double off = a[p * n + q];
                if (Math.abs(off) > 1e-15 * Math.sqrt(Math.abs(a[p * n + p] * a[q * n + q])) && off != 0) {
                    turned = true;
                    double theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
                    double t = Math.copySign(1 / (Math.abs(theta) + Math.sqrt(theta * theta + 1)), theta);
                    double c = 1 / Math.sqrt(t * t + 1);
                    rotate(a, v, n, p, q, c, t * c);
                }
            }
        }
        return turned;
    }

    private static void rotate(double[] a, double[] v, int n, int p, int q, double c, double s) {
        for (int k = 0; k < n; k++) {
            double x = a[k * n + p];
            double y = a[k * n + q];
            a[k * n + p] = c * x - s * y;
            a[k * n + q] = s * x + c * y;
        }
        for (int k = 0; k < n; k++) {
            double x = a[p * n + k];
            double y = a[q * n + k];
            a[p * n + k] = c * x - s * y;
            a[q * n + k] = s * x + c * y;
            x = v[p * n + k];
            y = v[q * n + k];
            v[p * n + k] = c * x - s * y;
            v[q * n + k] = s * x + c * y;
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static void subtract(double[] row, double by, double[] other) {
        for (int i = 0; i < row.length; i++) {
            row[i] -= by * other[i];
        }
    }
}
