package dev.filigree.cpu.reference.common;

import dev.filigree.api.host.HostTensor;
import java.util.Arrays;

/**
 * One query over the keys it sees: {@code out = sum_n softmax(scale * q . k_n) v_n} and {@code lse = log(sum_n
 * exp(scale * q . k_n))}, in two passes and in fp64 (Vaswani et al. 2017, section 3.2.1). Every attention op is
 * this, with its own answer to "which keys".
 */
public final class AttentionRow {
    private final float[] query;
    private final float[] keyVector;
    private final float[] valueVector;
    private final double[] weights;
    private final double[] out;
    private final int[] keys;
    private int numKeys;
    private double lse;

    /**
     * Room for one query.
     *
     * @param headDimQk width of queries and keys
     * @param headDimVo width of values
     * @param maxKeys most keys a query can see
     */
    public AttentionRow(long headDimQk, long headDimVo, long maxKeys) {
        query = new float[Math.toIntExact(headDimQk)];
        keyVector = new float[query.length];
        out = new double[Math.toIntExact(headDimVo)];
        valueVector = new float[out.length];
        keys = new int[Math.toIntExact(maxKeys)];
        weights = new double[keys.length];
    }

    /** Forgets the keys of the query before. */
    public void clear() {
        numKeys = 0;
    }

    /** Lets the query see a key. */
    public void see(int key) {
        keys[numKeys++] = key;
    }

    /** Computes out and lse over the keys seen. */
    public void attend(HostTensor q, long qElement, double scale, KeyValues kv) {
        Rows.read(q, qElement, query);
        double max = Double.NEGATIVE_INFINITY;
        for (int n = 0; n < numKeys; n++) {
            kv.key(keys[n], keyVector);
            weights[n] = scale * Rows.dot(query, keyVector);
            max = Math.max(max, weights[n]);
        }
        Arrays.fill(out, 0);
        lse = max;
        if (max == Double.NEGATIVE_INFINITY) {
            return; // no key, or none with any weight: out 0, lse -inf
        }
        double sum = 0;
        for (int n = 0; n < numKeys; n++) {
            weights[n] = Math.exp(weights[n] - max);
            sum += weights[n];
        }
        for (int n = 0; n < numKeys; n++) {
            kv.value(keys[n], valueVector);
            Rows.addScaled(out, weights[n] / sum, valueVector);
        }
        lse = max + Math.log(sum);
    }

    /** Rounds and stores the result. */
    public void store(HostTensor outTensor, long outElement, HostTensor lseTensor, long lseElement) {
        for (int c = 0; c < out.length; c++) {
            outTensor.set(outElement + c, out[c]);
        }
        lseTensor.set(lseElement, lse);
    }
}
