package dev.filigree.host.engine;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvCacheProblem;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.decoder.DecoderModel;
import dev.filigree.host.decoder.DecoderPlan;
import dev.filigree.host.decoder.DecoderPlanner;

/**
 * A decoder with its policies, before any backend: all that planning needs.
 *
 * @param planner plans steps
 * @param limits largest steps and sequences
 */
public record EngineModel(DecoderPlanner planner, EngineLimits limits) {

    /** The model of an open checkpoint. */
    public static EngineModel of(Checkpoint checkpoint, EngineConfig config) {
        EngineLimits limits = config.limits(checkpoint.config());
        return of(DecoderModel.of(checkpoint, limits.maxTokens()), config);
    }

    /**
     * Plans the cache.
     *
     * @throws dev.filigree.api.policy.PolicyRefusal if a policy cannot serve the model
     */
    public static EngineModel of(DecoderModel decoder, EngineConfig config) {
        ModelGeometry geometry = decoder.geometry();
        EngineLimits limits = config.limits(decoder.config());
        KvCachePlan kv = config.kvCache()
                .plan(new KvCacheProblem(
                        geometry,
                        config.attention().kvNeeds(geometry),
                        limits.maxSeqs(),
                        limits.maxTokens(),
                        config.kvBudgetBytes()));
        return new EngineModel(
                new DecoderPlanner(decoder, config.attention(), kv, config.linear(), config.activations()), limits);
    }

    /** The same with steps planned for a backend. */
    public EngineModel on(SparseCrossover crossover) {
        return new EngineModel(planner.on(crossover), limits);
    }

    /** Where keys and values live. */
    public KvCachePlan kv() {
        return planner.kv();
    }

    DecoderPlan plan(StepBucket bucket) {
        return planner.plan(bucket.phase(), bucket.capacity(), bucket.outputs());
    }
}
