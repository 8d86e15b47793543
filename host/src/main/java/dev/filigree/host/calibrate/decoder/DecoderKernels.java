package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.HeadPattern;

/**
 * The steps of a decoder that are worth a backend: matrix products and attention. Arrays are fp64, row-major and
 * contiguous; an implementation may compute in fp32.
 */
public interface DecoderKernels extends AutoCloseable {

    /** {@code y = x W^T + b}. */
    double[] linear(Matrix weight, double[] x, int numRows);

    /** {@code dx = dy W}: the gradient of {@link #linear} with respect to x. */
    double[] linearBackward(Matrix weight, double[] dy, int numRows);

    /**
     * Causal attention over the whole past; row i stands at position i.
     *
     * @param q {@code [numTokens, numQoHeads, headDim]}
     * @param k {@code [numTokens, numKvHeads, headDim]}
     * @param v as k
     * @param lse {@code [numTokens, numQoHeads]}, written
     * @return {@code [numTokens, numQoHeads, headDim]}
     */
    double[] dense(double[] q, double[] k, double[] v, int numTokens, double[] lse);

    /**
     * Attention of streaming heads over keys that may have a gap.
     *
     * @param pattern sink and recent window
     * @param q {@code [numRows, numQoHeads, headDim]}, at consecutive positions
     * @param qStart position of the first query
     * @param k {@code [keyPositions.length or more, numKvHeads, headDim]}
     * @param v as k
     * @param keyPositions ascending; of the leading rows of k that count
     * @param lse {@code [numRows, numQoHeads]}, written
     * @return {@code [numRows, numQoHeads, headDim]}
     */
    double[] streaming(
            HeadPattern.Streaming pattern,
            double[] q,
            int numRows,
            int qStart,
            double[] k,
            double[] v,
            int[] keyPositions,
            double[] lse);

    @Override
    void close();
}
