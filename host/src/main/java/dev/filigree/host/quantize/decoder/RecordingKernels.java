package dev.filigree.host.quantize.decoder;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.Matrix;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/** Passes every call on and keeps some rows of what each matrix is multiplied with. */
final class RecordingKernels implements DecoderKernels {
    private final DecoderKernels kernels;
    private final int maxRows;
    private final LongUnaryOperator random;
    private final Map<Matrix, Sample> samples = new IdentityHashMap<>();

    /** Rows kept of one matrix: a uniform sample of all that were seen (Vitter 1985, algorithm R). */
    private static final class Sample {
        private final float[] rows;
        private long seen;

        Sample(int maxRows, int columns) {
            rows = new float[maxRows * columns];
        }
    }

    RecordingKernels(DecoderKernels kernels, int maxRows, LongUnaryOperator random) {
        this.kernels = kernels;
        this.maxRows = maxRows;
        this.random = random;
    }

    @Override
    public double[] linear(Matrix weight, double[] x, int numRows) {
        Sample sample = samples.computeIfAbsent(weight, w -> new Sample(maxRows, w.inFeatures()));
        int columns = weight.inFeatures();
        for (int row = 0; row < numRows; row++) {
            long place = sample.seen < maxRows ? sample.seen : random.applyAsLong(sample.seen + 1);
            sample.seen++;
            for (int c = 0; place < maxRows && c < columns; c++) {
                sample.rows[(int) place * columns + c] = (float) x[row * columns + c];
            }
        }
        return kernels.linear(weight, x, numRows);
    }

    /** {@code [rows, inFeatures]}: what was kept of a matrix. */
    float[] rows(Matrix weight) {
        Sample sample = samples.get(weight);
        if (sample == null) {
            return new float[0];
        }
        long count = Math.min(sample.seen, maxRows);
        return java.util.Arrays.copyOf(sample.rows, Math.toIntExact(count * weight.inFeatures()));
    }

    @Override
    public double[] linearBackward(Matrix weight, double[] dy, int numRows) {
        return kernels.linearBackward(weight, dy, numRows);
    }

    @Override
    public double[] dense(double[] q, double[] k, double[] v, int numTokens, double[] lse) {
        return kernels.dense(q, k, v, numTokens, lse);
    }

    @Override
    public double[] streaming(
            HeadPattern.Streaming pattern,
            double[] q,
            int numRows,
            int qStart,
            double[] k,
            double[] v,
            int[] keyPositions,
            double[] lse) {
        return kernels.streaming(pattern, q, numRows, qStart, k, v, keyPositions, lse);
    }

    @Override
    public void close() {
        kernels.close();
    }
}
