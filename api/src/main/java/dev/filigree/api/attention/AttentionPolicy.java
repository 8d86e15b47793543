package dev.filigree.api.attention;

import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.List;

/**
 * Decides what each head computes. Policies are pure: equal problems give equal plans, no device is touched, and
 * everything that depends on data is an op of the plan. Instances are immutable and thread-safe.
 *
 * <p>Policies compose: one may plan some heads itself and hand the others, through {@link
 * AttentionProblem#withHeads}, to another.
 */
public interface AttentionPolicy {

    /** The name used in configs and logs. */
    String name();

    /**
     * What this policy may ever read again, per layer and KV head. The cache keeps at least that.
     *
     * @throws PolicyRefusal with one sentence if this policy cannot serve the model
     */
    KvNeeds kvNeeds(ModelGeometry geometry);

    /**
     * Plans the heads of a problem.
     *
     * @throws PolicyRefusal with one sentence if this policy cannot serve the problem
     */
    AttentionPlan plan(AttentionProblem problem);

    /**
     * Prompt chunks must start at multiples of this position, so that results do not depend on the chunking.
     * The default is 1: any chunking.
     */
    default int chunkMultiple() {
        return 1;
    }

    /**
     * The policy of one denoising step of a diffusion model. The default is this one at every step.
     *
     * @param step 0-based, the noisiest first
     */
    default AttentionPolicy atStep(int step) {
        return this;
    }

    /**
     * The policy for a backend, told from which length on sparse prefill pays there. The default is this one; policies that
     * have others plan heads hand it on.
     *
     * @param crossover a constant of the backend, so that plans stay functions of their problem
     */
    default AttentionPolicy on(SparseCrossover crossover) {
        return this;
    }

    /**
     * Share of reachable blocks or pages that the data-dependent selections of a layer's plan are expected to keep,
     * for pricing before anything ran ({@code Workload.expectedDensity}). The default is 1.
     *
     * @param phase prefill or decode
     * @param layer 0-based
     * @param contextTokens tokens of a sequence
     */
    default double expectedDensity(Phase phase, int layer, long contextTokens) {
        return 1;
    }

    /**
     * What this policy decides for a model, one line each, for people who ask before anything ran. The default is
     * nothing beyond the patterns of its plans.
     *
     * @param geometry the model's heads
     * @param contextTokens tokens of a sequence
     */
    default List<String> explain(ModelGeometry geometry, long contextTokens) {
        return List.of();
    }
}
