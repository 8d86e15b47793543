package dev.filigree.api.kvcache;

import dev.filigree.api.policy.PolicyRefusal;

/**
 * Decides where each head's keys and values live and at what precision. Policies are pure: equal problems give equal
 * plans, and no device is touched. Instances are immutable and thread-safe.
 */
public interface KVCachePolicy {

    /** The name used in configs and logs. */
    String name();

    /**
     * Plans the cache.
     *
     * @param problem heads, needs, lengths, budget
     * @return a plan that keeps at least what the needs ask for
     * @throws PolicyRefusal with one sentence if this policy cannot serve the problem
     */
    KvCachePlan plan(KvCacheProblem problem);
}
