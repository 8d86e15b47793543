package dev.filigree.policies.xattention;

import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.api.op.BlockSelect.GroupMode;
import dev.filigree.policies.layers.LayerSet;

/**
 * How XAttention estimates and selects.
 *
 * @param thresholds share of estimated mass to reach
 * @param stride tokens per stripe of the estimate, a divisor of blockSize; the estimate costs about {@code 1 / (2 *
 *     stride)} of dense attention
 * @param blockSize tokens per block
 * @param norm further divisor of estimated scores, 1 in the paper
 * @param residues how tokens of two stripes are paired
 * @param group how query heads of one KV head agree on blocks
 * @param keepSink keep key block 0 in bidirectional layers too
 * @param keepDiagonal keep the diagonal in bidirectional layers too
 * @param denseLayers layers that stay dense
 * @param denseBelow steps whose longest context has fewer tokens are planned dense: where sparse starts to pay on
 *     the backend in use. With 0 results never depend on how a prompt was chunked or batched; otherwise they may, as
 *     the first chunks of a long prompt are dense then
 * @param crossover where the plan becomes dense by itself
 * @param warmupSteps denoising steps that stay dense, for diffusion
 */
public record XAttentionConfig(
        Thresholds thresholds,
        int stride,
        int blockSize,
        double norm,
        Residues residues,
        GroupMode group,
        boolean keepSink,
        boolean keepDiagonal,
        LayerSet denseLayers,
        long denseBelow,
        Crossover crossover,
        int warmupSteps) {

    /** Where the plan becomes dense by itself. */
    public enum Crossover {
        /** At denseBelow alone. */
        GIVEN,
        /** At what was measured on the backend in use; nowhere if nothing was. */
        MEASURED
    }

    /** Checks the stride. */
    public XAttentionConfig {
        if (stride < 1 || blockSize < 1 || blockSize % stride != 0) {
            throw new IllegalArgumentException("stride must divide blockSize " + blockSize + ", not " + stride);
        }
    }

    /** The same with a length below which steps are dense. */
    XAttentionConfig withDenseBelow(long tokens) {
        return new XAttentionConfig(
                thresholds,
                stride,
                blockSize,
                norm,
                residues,
                group,
                keepSink,
                keepDiagonal,
                denseLayers,
                tokens,
                crossover,
                warmupSteps);
    }

    /** The paper's setting with one threshold: blocks of 128, antidiagonals, every query head for itself. */
    public static XAttentionConfig of(double threshold, int stride) {
        return new XAttentionConfig(
                Thresholds.everyLayer(java.util.List.of(threshold)),
                stride,
                128,
                1,
                Residues.ANTIDIAGONAL,
                GroupMode.QUERY_HEAD,
                false,
                false,
                LayerSet.NONE,
                0,
                Crossover.GIVEN,
                0);
    }
}
