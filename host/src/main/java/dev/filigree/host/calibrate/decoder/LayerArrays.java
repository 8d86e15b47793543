package dev.filigree.host.calibrate.decoder;

/**
 * The weights of one Llama-like layer.
 *
 * @param attentionNorm {@code [hidden]}
 * @param q {@code [numQoHeads * headDim, hidden]}
 * @param k {@code [numKvHeads * headDim, hidden]}
 * @param v {@code [numKvHeads * headDim, hidden]}
 * @param qNorm {@code [headDim]}, the per-head norm of Qwen3, or empty
 * @param kNorm {@code [headDim]}, or empty
 * @param o {@code [hidden, numQoHeads * headDim]}
 * @param mlpNorm {@code [hidden]}
 * @param gate {@code [intermediate, hidden]}
 * @param up {@code [intermediate, hidden]}
 * @param down {@code [hidden, intermediate]}
 */
@SuppressWarnings("ArrayRecordComponent") // Weights are handed over once and compared never.
public record LayerArrays(
        float[] attentionNorm,
        Matrix q,
        Matrix k,
        Matrix v,
        float[] qNorm,
        float[] kNorm,
        Matrix o,
        float[] mlpNorm,
        Matrix gate,
        Matrix up,
        Matrix down) {}
