package dev.filigree.host.decoder;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.tensor.DType;

/**
 * Plans decoder steps: a model described by data and three policies in, one {@link DecoderPlan} per phase and capacity
 * out. Immutable and thread-safe.
 *
 * @param model the decoder
 * @param attention plans every layer's heads
 * @param kv where keys and values live
 * @param linear plans every projection
 * @param activations dtype of the residual stream and of everything between ops
 */
public record DecoderPlanner(
        DecoderModel model, AttentionPolicy attention, KvCachePlan kv, QuantizedLinear linear, DType activations) {

    /** The same with attention planned for a backend. */
    public DecoderPlanner on(SparseCrossover crossover) {
        return new DecoderPlanner(model, attention.on(crossover), kv, linear, activations);
    }

    /**
     * Plans a step.
     *
     * @param phase reading prompt tokens, or one token per sequence
     * @param capacity the largest step to serve
     * @param outputs what the step gives back
     * @throws dev.filigree.api.policy.PolicyRefusal if a policy cannot serve the model
     */
    public DecoderPlan plan(Phase phase, StepCapacity capacity, DecoderOutputs outputs) {
        return new DecoderSteps(this, phase, capacity, outputs).plan();
    }
}
