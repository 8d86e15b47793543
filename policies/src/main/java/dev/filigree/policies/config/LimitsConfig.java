package dev.filigree.policies.config;

import java.util.OptionalLong;

/**
 * How large a run may get.
 *
 * @param maxContext tokens of the longest sequence, prompt and answer; absent: the model's own maximum
 * @param maxSeqs sequences at the same time
 * @param prefillChunk prompt tokens per step, all sequences together
 * @param kvBudgetBytes bytes of all KV pages together; absent: what the other limits take
 * @param maxQueue requests that may wait for their turn; more are refused
 * @param swapBudgetBytes host memory for sequences that are swapped out to make room; 0 to swap none
 * @param prefixCache prompt beginnings that stay in the cache for prompts that begin alike; 0 to keep none
 */
public record LimitsConfig(
        OptionalLong maxContext,
        int maxSeqs,
        int prefillChunk,
        OptionalLong kvBudgetBytes,
        int maxQueue,
        long swapBudgetBytes,
        int prefixCache) {
    /** One sequence, chunks of 1024, the model's context, 64 requests in the queue, nothing swapped, no beginnings kept. */
    public static final LimitsConfig DEFAULT =
            new LimitsConfig(OptionalLong.empty(), 1, 1024, OptionalLong.empty(), 64, 0, 0);

    /** The same with sequences of at most that many tokens. */
    public LimitsConfig withMaxContext(long tokens) {
        return new LimitsConfig(
                OptionalLong.of(tokens), maxSeqs, prefillChunk, kvBudgetBytes, maxQueue, swapBudgetBytes, prefixCache);
    }
}
