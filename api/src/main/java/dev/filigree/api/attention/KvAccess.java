package dev.filigree.api.attention;

/** How an attention plan reads one class of cached heads. */
public enum KvAccess {
    /** From the pages, after the current tokens were appended. In prefill only where the addressing is linear. */
    PAGES,
    /** From contiguous tensors that hold what is retained of the past and the current tokens. */
    GATHERED,
    /** From the current tokens alone: bidirectional layers without a cache. */
    CURRENT
}
