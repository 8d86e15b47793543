package dev.filigree.host.engine;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.kvcache.KVCachePolicy;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.policies.config.AdapterConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What an engine is made of.
 *
 * @param checkpoint folder of the model
 * @param keySmoothing factors that queries and keys are stored with, see {@code dev.filigree.host.keys}
 * @param attention what each head computes
 * @param kvCache where keys and values live
 * @param linear how projections are stored and computed
 * @param adapters what is attached to projections when the model opens
 * @param activations dtype between ops
 * @param maxContext tokens of the longest sequence; the model's own maximum if absent
 * @param maxSeqs sequences open at the same time
 * @param chunkTokens prompt tokens per step, all sequences together
 * @param kvBudgetBytes bytes that all cache pages together may take, if bounded
 * @param swapBudgetBytes host memory for sequences that are swapped out to make room, 0 to swap none
 * @param maxPrefixes prompt beginnings that stay in the cache for prompts that begin alike, 0 to keep none
 * @param backend which backend is asked for
 */
public record EngineConfig(
        Path checkpoint,
        Optional<Path> keySmoothing,
        AttentionPolicy attention,
        KVCachePolicy kvCache,
        QuantizedLinear linear,
        List<AdapterConfig> adapters,
        DType activations,
        OptionalLong maxContext,
        int maxSeqs,
        int chunkTokens,
        OptionalLong kvBudgetBytes,
        long swapBudgetBytes,
        int maxPrefixes,
        BackendRequest backend) {

    /** Copies the list. */
    public EngineConfig {
        adapters = List.copyOf(adapters);
    }

    /** A config without adapters that swaps nothing and keeps no beginnings. */
    public EngineConfig(
            Path checkpoint,
            AttentionPolicy attention,
            KVCachePolicy kvCache,
            QuantizedLinear linear,
            DType activations,
            OptionalLong maxContext,
            int maxSeqs,
            int chunkTokens,
            OptionalLong kvBudgetBytes,
            BackendRequest backend) {
        this(
                checkpoint,
                Optional.empty(),
                attention,
                kvCache,
                linear,
                List.of(),
                activations,
                maxContext,
                maxSeqs,
                chunkTokens,
                kvBudgetBytes,
                0,
                0,
                backend);
    }

    /** The same with that much host memory for sequences that are swapped out. */
    public EngineConfig withSwapBudget(long bytes) {
        return with(keySmoothing, adapters, bytes);
    }

    /** The same with smoothed keys. */
    public EngineConfig withKeySmoothing(Path file) {
        return with(Optional.of(file), adapters, swapBudgetBytes);
    }

    /** The same with other adapters. */
    public EngineConfig withAdapters(List<AdapterConfig> others) {
        return with(keySmoothing, others, swapBudgetBytes);
    }

    private EngineConfig with(Optional<Path> keys, List<AdapterConfig> others, long swapBytes) {
        return new EngineConfig(
                checkpoint,
                keys,
                attention,
                kvCache,
                linear,
                others,
                activations,
                maxContext,
                maxSeqs,
                chunkTokens,
                kvBudgetBytes,
                swapBytes,
                maxPrefixes,
                backend);
    }

    /**
     * The limits of this config over a decoder.
     *
     * @throws IllegalArgumentException if more positions are asked for than the decoder was made for
     */
    public EngineLimits limits(DecoderConfig decoder) {
        long maxTokens = maxContext.orElse(decoder.maxPosition());
        if (maxTokens > decoder.maxPosition()) {
            throw new IllegalArgumentException("limits.maxContext must be at most the " + decoder.maxPosition()
                    + " positions that the model was made for, not " + maxTokens);
        }
        return new EngineLimits(maxSeqs, Math.toIntExact(maxTokens), chunkTokens);
    }
}
