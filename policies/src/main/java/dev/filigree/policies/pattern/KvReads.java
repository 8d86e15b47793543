package dev.filigree.policies.pattern;

import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.policy.PolicyRefusal;

/** How plans read a class of cached heads, and whether the class holds what a pattern reads. */
public final class KvReads {
    private KvReads() {}

    /**
     * The access that reads a class without needless copies: pages wherever they hold, when attention runs, exactly
     * what the queries should see. A ring forgets keys that the first queries of a chunk still see, and quantized
     * pages are not what {@code prefillReads: exact} promises, so both are gathered in prefill.
     */
    public static KvAccess access(AttentionProblem problem, int kvClass) {
        if (problem.masking() == Masking.BIDIRECTIONAL) {
            return KvAccess.CURRENT;
        }
        if (problem.phase() == Phase.DECODE) {
            return KvAccess.PAGES;
        }
        KvClass c = problem.kv().classes().get(kvClass);
        boolean ring = c.addressing() instanceof KvAddressing.Ring;
        return ring || readsExact(problem.kv(), kvClass) ? KvAccess.GATHERED : KvAccess.PAGES;
    }

    /** Whether a prompt chunk sees its own keys and values of a class as computed although they are stored quantized. */
    public static boolean readsExact(KvCachePlan kv, int kvClass) {
        KvClass c = kv.classes().get(kvClass);
        boolean quantized = c.k().isQuantized() || c.v().isQuantized();
        return quantized && kv.prefillReads() == PrefillReads.EXACT;
    }

    /** Whether a retention keeps every key that a pattern may see. */
    public static boolean covers(Retention retention, HeadPattern pattern) {
        if (retention instanceof Retention.SinkAndRecent(int sink, int recent)) {
            return pattern instanceof HeadPattern.Streaming streaming
                    && sink >= streaming.sink()
                    && recent >= streaming.recent();
        }
        return true;
    }

    /**
     * Requires that a class holds what a pattern reads.
     *
     * @throws PolicyRefusal if it forgets some of it
     */
    public static void requireCovered(String policy, AttentionProblem problem, int kvClass, HeadPattern pattern) {
        KvClass c = problem.kv().classes().get(kvClass);
        if (problem.masking() == Masking.CAUSAL && !covers(c.retention(), pattern)) {
            throw new PolicyRefusal(
                    policy,
                    "layer " + problem.layer() + " has " + pattern + " heads " + problem.headsOfClass(kvClass)
                            + " in cache class " + c.name() + ", which keeps " + c.retention() + " only",
                    "kvCache.policy");
        }
    }
}
