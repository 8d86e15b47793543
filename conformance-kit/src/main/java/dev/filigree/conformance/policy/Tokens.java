package dev.filigree.conformance.policy;

import dev.filigree.conformance.generate.Generator;
import java.util.Arrays;

/**
 * Queries, keys and values of one sequence, {@code [numTokens][heads * headDim]}.
 *
 * @param q queries
 * @param k keys
 * @param v values
 */
@SuppressWarnings("ArrayRecordComponent") // compared by no one
record Tokens(float[][] q, float[][] k, float[][] v) {

    /** Normal numbers, keys drawn a little towards each other as those of a model are. */
    static Tokens random(Generator generator, int numTokens) {
        return new Tokens(
                rows(generator, numTokens, PolicyLayer.NUM_QO_HEADS),
                rows(generator, numTokens, PolicyLayer.NUM_KV_HEADS),
                rows(generator, numTokens, PolicyLayer.NUM_KV_HEADS));
    }

    private static float[][] rows(Generator generator, int numTokens, int heads) {
        float[][] rows = new float[numTokens][];
        for (int t = 0; t < numTokens; t++) {
            rows[t] = generator.normals(heads * PolicyLayer.HEAD_DIM);
        }
        return rows;
    }

    /** Keys of zeros: every seen key weighs the same, so lse is the logarithm of how many are seen. */
    Tokens withUniformKeys() {
        float[][] zeros = new float[k.length][PolicyLayer.NUM_KV_HEADS * PolicyLayer.HEAD_DIM];
        return new Tokens(q, zeros, v);
    }

    /** One key that outweighs all others for the last {@code numQueries} queries. */
    Tokens withNeedle(int position, int numQueries) {
        float[][] queries = Arrays.stream(q).map(float[]::clone).toArray(float[][]::new);
        float[][] keys = Arrays.stream(k).map(float[]::clone).toArray(float[][]::new);
        for (int head = 0; head < PolicyLayer.NUM_KV_HEADS; head++) {
            Arrays.fill(keys[position], head * PolicyLayer.HEAD_DIM, (head + 1) * PolicyLayer.HEAD_DIM, 4f);
        }
        for (int t = q.length - numQueries; t < q.length; t++) {
            Arrays.fill(queries[t], 2f);
        }
        return new Tokens(queries, keys, v);
    }

    /** A part of the sequence. */
    Tokens part(int from, int to) {
        return new Tokens(
                Arrays.copyOfRange(q, from, to), Arrays.copyOfRange(k, from, to), Arrays.copyOfRange(v, from, to));
    }

    int length() {
        return q.length;
    }

    /** The natural log of the softmax denominator of a query that sees every key up to its own position. */
    double denseLse(int position, int head) {
        int dim = PolicyLayer.HEAD_DIM;
        int kvHead = head / (PolicyLayer.NUM_QO_HEADS / PolicyLayer.NUM_KV_HEADS);
        double[] scores = new double[position + 1];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j <= position; j++) {
            for (int c = 0; c < dim; c++) {
                scores[j] += (double) q[position][head * dim + c] * k[j][kvHead * dim + c] / Math.sqrt(dim);
            }
            max = Math.max(max, scores[j]);
        }
        double sum = 0;
        for (double score : scores) {
            sum += Math.exp(score - max);
        }
        return max + Math.log(sum);
    }
}
