package dev.filigree.host.decoder;

import dev.filigree.api.plan.TensorRef;

/** Names of the tensors that decoder plans share with the host, beside those of the attention layer. */
public final class DecoderTensors {
    /** {@code [numTokens]} i32, ids of the current tokens. */
    public static final TensorRef TOKEN_IDS = TensorRef.of("tokenIds");

    /** {@code [numSeqs]} i32, row of each sequence's last token; any row for a sequence without tokens. */
    public static final TensorRef LAST_ROWS = TensorRef.of("lastRows");

    /** {@code [numSeqs]} f32, see {@code Sample}. */
    public static final TensorRef TEMPERATURES = TensorRef.of("temperatures");

    /** {@code [numSeqs]} i32, see {@code Sample}. */
    public static final TensorRef TOP_KS = TensorRef.of("topKs");

    /** {@code [numSeqs]} f32, see {@code Sample}. */
    public static final TensorRef TOP_PS = TensorRef.of("topPs");

    /** {@code [numSeqs]} i64, see {@code Sample}. */
    public static final TensorRef SEEDS = TensorRef.of("seeds");

    /** {@code [numSeqs]} i32, position of the token being drawn. */
    public static final TensorRef SAMPLE_POSITIONS = TensorRef.of("samplePositions");

    /** {@code [numSeqs, vocab]} f32, or {@code [numTokens, vocab]} where every position is asked for. */
    public static final TensorRef LOGITS = TensorRef.of("logits");

    /** {@code [numSeqs]} i32, the tokens drawn. */
    public static final TensorRef NEXT_TOKENS = TensorRef.of("nextTokens");

    /** {@code [headDim / 2]} f32, rotary frequencies. */
    public static final TensorRef FREQUENCIES = TensorRef.of("rope.frequencies");

    private DecoderTensors() {}

    /**
     * {@code [numTokens, hidden]}, where every position is asked for: the embedding (0), the residual stream after each
     * layer (1 to numLayers), and the output of the final norm (numLayers + 1).
     */
    public static TensorRef state(int index) {
        return TensorRef.of("state." + index);
    }
}
