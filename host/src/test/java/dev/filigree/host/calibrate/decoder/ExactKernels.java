package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.HeadPattern;

/** Plain fp64 loops: what the backend's products are judged by, and what central differences run on. */
public final class ExactKernels implements DecoderKernels {
    private final DecoderArrays model;

    /** Kernels for a model's geometry. */
    public ExactKernels(DecoderArrays model) {
        this.model = model;
    }

    @Override
    public double[] linear(Matrix weight, double[] x, int numRows) {
        double[] y = new double[numRows * weight.outFeatures()];
        float[] bias = weight.bias();
        for (int row = 0; row < numRows; row++) {
            for (int o = 0; o < weight.outFeatures(); o++) {
                double sum = bias[o];
                for (int i = 0; i < weight.inFeatures(); i++) {
                    sum += x[row * weight.inFeatures() + i] * weight.at(o, i);
                }
                y[row * weight.outFeatures() + o] = sum;
            }
        }
        return y;
    }

    @Override
    public double[] linearBackward(Matrix weight, double[] dy, int numRows) {
        double[] dx = new double[numRows * weight.inFeatures()];
        for (int row = 0; row < numRows; row++) {
            for (int i = 0; i < weight.inFeatures(); i++) {
                double sum = 0;
                for (int o = 0; o < weight.outFeatures(); o++) {
                    sum += dy[row * weight.outFeatures() + o] * weight.at(o, i);
                }
                dx[row * weight.inFeatures() + i] = sum;
            }
        }
        return dx;
    }

    @Override
    public double[] dense(double[] q, double[] k, double[] v, int numTokens, double[] lse) {
        HeadPattern.Streaming everything = new HeadPattern.Streaming(0, numTokens + 1);
        return streaming(everything, q, numTokens, 0, k, v, Rows.all(numTokens).positions(), lse);
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
        int d = model.headDim();
        int heads = model.geometry().numQoHeads();
        int kvHeads = model.geometry().numKvHeads();
        double[] out = new double[numRows * heads * d];
        for (int row = 0; row < numRows; row++) {
            for (int head = 0; head < heads; head++) {
                int at = (row * heads + head) * d;
                int kv = head / model.geometry().groupSize();
                double total = 0;
                for (int j = 0; j < keyPositions.length; j++) {
                    if (!pattern.sees(qStart + row, keyPositions[j])) {
                        continue;
                    }
                    double z = 0;
                    for (int c = 0; c < d; c++) {
                        z += q[at + c] * k[(j * kvHeads + kv) * d + c];
                    }
                    double p = Math.exp(z * model.scale());
                    total += p;
                    for (int c = 0; c < d; c++) {
                        out[at + c] += p * v[(j * kvHeads + kv) * d + c];
                    }
                }
                lse[row * heads + head] = Math.log(total);
                for (int c = 0; c < d; c++) {
                    out[at + c] /= total;
                }
            }
        }
        return out;
    }

    @Override
    public void close() {}
}
