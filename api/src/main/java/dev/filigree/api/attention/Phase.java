package dev.filigree.api.attention;

/** What a step of a sequence does. */
public enum Phase {
    /** Reads prompt tokens, whole or in chunks. */
    PREFILL,
    /** Produces one token per sequence. */
    DECODE
}
