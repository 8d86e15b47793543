package com.example.sample.backend;

import dev.filigree.api.host.HostTensor;
import java.util.Arrays;

/** One query over keys that come one by one, with a running maximum and sum (Milakov and Gimelshein 2018, section 3). */
final class OnlineSoftmax {
    private final float scale;
    private final float[] query;
    private final double[] out;
    private double max;
    private double sum;

    OnlineSoftmax(float scale, long headDimQk, long headDimVo) {
        this.scale = scale;
        query = new float[Math.toIntExact(headDimQk)];
        out = new double[Math.toIntExact(headDimVo)];
    }

    void start(HostTensor q, long element) {
        Vectors.read(q, element, query);
        Arrays.fill(out, 0);
        max = Double.NEGATIVE_INFINITY;
        sum = 0;
    }

    void see(float[] key, float[] value) {
        double score = scale * Vectors.dot(query, key);
        double newMax = Math.max(max, score);
        if (newMax == Double.NEGATIVE_INFINITY) {
            return;
        }
        double kept = Math.exp(max - newMax);
        double weight = Math.exp(score - newMax);
        sum = sum * kept + weight;
        for (int c = 0; c < out.length; c++) {
            out[c] = out[c] * kept + weight * value[c];
        }
        max = newMax;
    }

    /** Stores the result: out 0 and lse -inf for a query that saw no key. */
    void finish(HostTensor outTensor, long outElement, HostTensor lse, long lseElement) {
        for (int c = 0; c < out.length; c++) {
            outTensor.set(outElement + c, sum == 0 ? 0 : out[c] / sum);
        }
        lse.set(lseElement, max + Math.log(sum));
    }
}
