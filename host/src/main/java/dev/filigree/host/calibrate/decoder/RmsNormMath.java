package dev.filigree.host.calibrate.decoder;

/** RMSNorm over rows of one width, forward and backward (Zhang and Sennrich 2019). */
public final class RmsNormMath {
    private RmsNormMath() {}

    /**
     * {@code y = x * r * weight} with {@code r = 1 / sqrt(mean(x^2) + eps)}.
     *
     * @param x {@code [numRows, n]}, n the length of weight
     * @param r {@code [numRows]}, written
     * @param y as x, written; may be x
     */
    public static void forward(double[] x, int numRows, float[] weight, double eps, double[] r, double[] y) {
        int n = weight.length;
        for (int row = 0; row < numRows; row++) {
            double sum = 0;
            for (int c = row * n; c < (row + 1) * n; c++) {
                sum += x[c] * x[c];
            }
            r[row] = 1 / Math.sqrt(sum / n + eps);
            for (int c = 0; c < n; c++) {
                y[row * n + c] = x[row * n + c] * r[row] * weight[c];
            }
        }
    }

    /**
     * Adds the gradient of the input: {@code dx += r (dy w) - x r^3 mean(x (dy w))}.
     *
     * @param dy {@code [numRows, n]}
     * @param x the forward input
     * @param r as {@link #forward} wrote it
     * @param dx {@code [numRows, n]}, added to
     */
    public static void backward(double[] dy, double[] x, double[] r, int numRows, float[] weight, double[] dx) {
        int n = weight.length;
        for (int row = 0; row < numRows; row++) {
            double dot = 0;
            int at = row * n;
            for (int c = 0; c < n; c++) {
                dot += x[at + c] * dy[at + c] * weight[c];
            }
            double scale = r[row];
            double back = scale * scale * scale * dot / n;
            for (int c = 0; c < n; c++) {
                dx[at + c] += scale * dy[at + c] * weight[c] - back * x[at + c];
            }
        }
    }
}
