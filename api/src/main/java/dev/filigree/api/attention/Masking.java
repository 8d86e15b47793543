package dev.filigree.api.attention;

/** Which keys a query may see before any sparsity. */
public enum Masking {
    /** Bottom-right aligned causal: query i of Lq sees keys {@code j <= i + (Lk - Lq)}. */
    CAUSAL,
    /** Every key of the sequence: diffusion transformers and encoders. */
    BIDIRECTIONAL
}
