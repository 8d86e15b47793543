package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.HeadPattern;
import java.util.stream.IntStream;

/**
 * Gradient of streaming attention with respect to q, k and v, over the visible keys only: {@code P = exp(z - lse)}, {@code
 * dP = dOut v^T}, {@code dz = P (dP - sum(P dP)) scale}, {@code dq = dz k}, {@code dk = dz^T q}, {@code dv = P^T dOut};
 * k and v sum over their group (FlashAttention-2 section 2.3, on a band).
 */
public final class BandBackward {
    private final DecoderArrays model;
    private final HeadPattern.Streaming pattern;

    /** A backward pass for one pattern. */
    public BandBackward(DecoderArrays model, HeadPattern.Streaming pattern) {
        this.model = model;
        this.pattern = pattern;
    }

    /**
     * Gradients of one layer.
     *
     * @param dq {@code [out, numQoHeads, headDim]}
     * @param dk {@code [in, numKvHeads, headDim]}
     * @param dv {@code [in, numKvHeads, headDim]}
     */
    @SuppressWarnings("ArrayRecordComponent") // Handed on once and compared never.
    public record Gradients(double[] dq, double[] dk, double[] dv) {}

    /**
     * Runs the backward pass; heads in parallel, sums in a fixed order.
     *
     * @param trace queries on rows out, keys and values on rows in
     * @param lse {@code [out, numQoHeads]} of the forward pass
     * @param dOut {@code [out, numQoHeads, headDim]}
     */
    public Gradients run(LayerTrace trace, double[] lse, double[] dOut) {
        Gradients gradients =
                new Gradients(new double[trace.q().length], new double[trace.k().length], new double[trace.v().length]);
        IntStream.range(0, model.geometry().numKvHeads())
                .parallel()
                .forEach(kvHead -> new OneHead(trace, kvHead).run(lse, dOut, gradients));
        return gradients;
    }

    /** Working arrays of one KV head: keys and values both ways round, so that every inner loop runs over neighbours. */
    private final class OneHead {
        private final int headDim = model.headDim();
        private final int numQoHeads = model.geometry().numQoHeads();
        private final LayerTrace trace;
        private final int kvHead;
        private final int numKeys;
        private final int[] positions;
        private final double[] k;
        private final double[] kTurned;
        private final double[] vTurned;
        private final double[] dk;
        private final double[] dv;
        private final double[] z;
        private final double[] dp;

        OneHead(LayerTrace trace, int kvHead) {
            this.trace = trace;
            this.kvHead = kvHead;
            positions = trace.in().positions();
            numKeys = positions.length;
            k = headRows(trace.k());
            kTurned = turned(k);
            vTurned = turned(headRows(trace.v()));
            dk = new double[k.length];
            dv = new double[k.length];
            z = new double[numKeys];
            dp = new double[numKeys];
        }

        void run(double[] lse, double[] dOut, Gradients gradients) {
            int groupSize = model.geometry().groupSize();
            Rows out = trace.out();
            int low = 0;
            int high = 0;
            int sinkKeys = countBelow(pattern.sink());
            for (int row = 0; row < out.count(); row++) {
                int position = out.position(row);
                while (high < numKeys && positions[high] <= position) {
                    high++;
                }
                while (low < high && positions[low] <= position - pattern.recent()) {
                    low++;
                }
                int sink = Math.min(sinkKeys, high);
                for (int head = kvHead * groupSize; head < (kvHead + 1) * groupSize; head++) {
                    int at = (row * numQoHeads + head) * headDim;
                    query(at, lse[row * numQoHeads + head], dOut, gradients.dq(), sink, Math.max(low, sink), high);
                }
            }
            addHead(dk, gradients.dk());
            addHead(dv, gradients.dv());
        }

        /** One query and head; visible keys are {@code [0, sink)} and {@code [low, high)}. */
        private void query(int at, double lse, double[] dOut, double[] dq, int sink, int low, int high) {
            double[] q = trace.q();
            dots(q, at, kTurned, z, 0, sink);
            dots(q, at, kTurned, z, low, high);
            dots(dOut, at, vTurned, dp, 0, sink);
            dots(dOut, at, vTurned, dp, low, high);
            double delta = probabilities(lse, 0, sink) + probabilities(lse, low, high);
            spread(q, dOut, dq, at, delta, 0, sink);
            spread(q, dOut, dq, at, delta, low, high);
        }

        private void dots(double[] x, int at, double[] turned, double[] out, int from, int to) {
            java.util.Arrays.fill(out, from, to, 0);
            for (int c = 0; c < headDim; c++) {
                double factor = x[at + c];
                int base = c * numKeys;
                for (int j = from; j < to; j++) {
                    out[j] += factor * turned[base + j];
                }
            }
        }

        /** Turns scores into probabilities in place; returns the part of {@code sum(P dP)}. */
        private double probabilities(double lse, int from, int to) {
            double delta = 0;
            double scale = model.scale();
            for (int j = from; j < to; j++) {
                z[j] = Math.exp(z[j] * scale - lse);
                delta += z[j] * dp[j];
            }
            return delta;
        }

        private void spread(double[] q, double[] dOut, double[] dq, int at, double delta, int from, int to) {
            double scale = model.scale();
            for (int j = from; j < to; j++) {
                double p = z[j];
                double dz = p * (dp[j] - delta) * scale;
                int base = j * headDim;
                for (int c = 0; c < headDim; c++) {
                    dq[at + c] += dz * k[base + c];
                    dk[base + c] += dz * q[at + c];
                    dv[base + c] += p * dOut[at + c];
                }
            }
        }

        private int countBelow(int position) {
            int count = 0;
            while (count < numKeys && positions[count] < position) {
                count++;
            }
            return count;
        }

        private double[] headRows(double[] x) {
            int numKvHeads = model.geometry().numKvHeads();
            double[] rows = new double[numKeys * headDim];
            for (int j = 0; j < numKeys; j++) {
                System.arraycopy(x, (j * numKvHeads + kvHead) * headDim, rows, j * headDim, headDim);
            }
            return rows;
        }

        private double[] turned(double[] rows) {
            double[] turned = new double[rows.length];
            for (int j = 0; j < numKeys; j++) {
                for (int c = 0; c < headDim; c++) {
                    turned[c * numKeys + j] = rows[j * headDim + c];
                }
            }
            return turned;
        }

        private void addHead(double[] part, double[] whole) {
            int numKvHeads = model.geometry().numKvHeads();
            for (int j = 0; j < numKeys; j++) {
                System.arraycopy(part, j * headDim, whole, (j * numKvHeads + kvHead) * headDim, headDim);
            }
        }
    }
}
