package dev.filigree.policies.config;

import java.util.OptionalLong;

/**
 * How large a run may get.
 *
 * @param maxContext tokens of the longest sequence, prompt and answer; absent: the model's own maximum
 * @param maxSeqs sequences at the same time
 * @param prefillChunk prompt tokens per step, all sequences together
 * @param kvBudgetBytes bytes of all KV pages together; absent: what the other limits take
 */
public record LimitsConfig(OptionalLong maxContext, int maxSeqs, int prefillChunk, OptionalLong kvBudgetBytes) {
    /** One sequence, chunks of 1024, the model's context. */
    public static final LimitsConfig DEFAULT = new LimitsConfig(OptionalLong.empty(), 1, 1024, OptionalLong.empty());
}
