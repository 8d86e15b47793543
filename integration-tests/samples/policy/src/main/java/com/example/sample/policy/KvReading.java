package com.example.sample.policy;

import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.PrefillReads;

/** How a plan reads a class of cached heads. */
final class KvReading {
    private KvReading() {}

    /**
     * Pages wherever they hold what a query should see when attention runs. In prefill they do not in two cases: a ring
     * has overwritten what the first queries of a chunk still see, and quantized pages are not the exact values that
     * {@code prefillReads: exact} promises.
     */
    static KvAccess access(AttentionProblem problem, int kvClass) {
        KvClass cached = problem.kv().classes().get(kvClass);
        boolean ring = cached.addressing() instanceof KvAddressing.Ring;
        boolean quantized = cached.k().isQuantized() || cached.v().isQuantized();
        boolean exact = quantized && problem.kv().prefillReads() == PrefillReads.EXACT;
        return problem.phase() == Phase.PREFILL && (ring || exact) ? KvAccess.GATHERED : KvAccess.PAGES;
    }
}
