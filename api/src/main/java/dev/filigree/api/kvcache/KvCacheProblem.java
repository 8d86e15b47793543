package dev.filigree.api.kvcache;

import dev.filigree.api.attention.ModelGeometry;
import java.util.OptionalLong;

/**
 * What a cache policy plans for.
 *
 * @param geometry the model's heads
 * @param needs what attention may read again
 * @param maxSeqs sequences held at the same time
 * @param maxTokens tokens of the longest sequence
 * @param budgetBytes bytes that all pages together may take, if bounded
 */
public record KvCacheProblem(
        ModelGeometry geometry, KvNeeds needs, int maxSeqs, long maxTokens, OptionalLong budgetBytes) {}
