package dev.filigree.conformance.mutant;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.conformance.problem.TensorData;

/** Dense attention in plain loops with one part to be got wrong. */
class SloppyAttention {

    /** Whether a query of a causal op sees a key; right by default. */
    boolean sees(int query, int key, int qLength, int kvLength) {
        return key <= query + kvLength - qLength;
    }

    /** The key/value head of the i-th served query head; right by default. */
    int kvSlot(DenseAttention op, int i) {
        return op.heads().kvSlot(i);
    }

    /** The sequence whose keys a sequence reads; right by default. */
    int keysOf(int seq) {
        return seq;
    }

    /** What scores are taken relative to; right by default. */
    double reference(double[] scores) {
        double max = Double.NEGATIVE_INFINITY;
        for (double score : scores) {
            max = Math.max(max, score);
        }
        return max;
    }

    void run(DenseAttention op, RunView view) {
        TensorData qOffsets = view.get(op.qOffsets());
        TensorData kvOffsets = view.get(op.kvOffsets());
        for (int s = 0; s + 1 < qOffsets.extent(0); s++) {
            int from = qOffsets.getInt(s);
            int qLength = qOffsets.getInt(s + 1) - from;
            int keys = keysOf(s);
            int kvFrom = kvOffsets.getInt(keys);
            int kvLength = kvOffsets.getInt(keys + 1) - kvFrom;
            for (int i = 0; i < qLength; i++) {
                for (int h = 0; h < op.heads().numServedQoHeads(); h++) {
                    boolean[] seen = new boolean[kvLength];
                    for (int j = 0; j < kvLength; j++) {
                        seen[j] = op.masking() == Masking.BIDIRECTIONAL || sees(i, j, qLength, kvLength);
                    }
                    row(op, view, from + i, h, kvFrom, seen);
                }
            }
        }
    }

    private void row(DenseAttention op, RunView view, int token, int h, int kvFrom, boolean[] seen) {
        TensorData q = view.get(op.q());
        TensorData k = view.get(op.k());
        TensorData v = view.get(op.v());
        TensorData out = view.get(op.out());
        int head = op.heads().qoHead(h);
        int slot = kvSlot(op, h);
        double[] scores = new double[seen.length];
        for (int j = 0; j < seen.length; j++) {
            double dot = 0;
            for (int c = 0; c < q.extent(2); c++) {
                dot += (double) at(q, token, head, c) * at(k, kvFrom + j, slot, c);
            }
            scores[j] = seen[j] ? op.scale() * dot : Double.NEGATIVE_INFINITY;
        }
        double max = reference(scores);
        double sum = 0;
        for (int j = 0; j < seen.length; j++) {
            scores[j] = seen[j] ? (float) Math.exp(scores[j] - max) : 0;
            sum += scores[j];
        }
        for (int c = 0; c < out.extent(2); c++) {
            double value = 0;
            for (int j = 0; j < seen.length; j++) {
                value += seen[j] ? scores[j] * at(v, kvFrom + j, slot, c) : 0;
            }
            out.set(index(out, token, head, c), sum == 0 ? 0 : (float) (value / sum));
        }
        TensorData lse = view.get(op.lse());
        lse.set(
                (long) token * lse.extent(1) + head,
                sum == 0 ? Float.NEGATIVE_INFINITY : (float) (max + Math.log(sum)));
    }

    private static float at(TensorData tensor, int i, int j, int k) {
        return tensor.get(index(tensor, i, j, k));
    }

    private static long index(TensorData tensor, int i, int j, int k) {
        var strides = tensor.decl().strides();
        return i * strides.step(0) + j * strides.step(1) + k * strides.step(2);
    }
}
