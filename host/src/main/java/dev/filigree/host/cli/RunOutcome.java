package dev.filigree.host.cli;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.host.Generation;
import dev.filigree.host.ServingLoad;
import dev.filigree.policies.config.RunConfig;
import java.util.SortedSet;

/**
 * One config's run.
 *
 * @param config what ran
 * @param backend the backend and why
 * @param kv where keys and values lived
 * @param linearSchemes how projections are stored
 * @param generation the answer
 * @param prefillDensity share of reachable query/key pairs that the prompt's attention computed
 * @param decodeDensity the same of the last answer token
 * @param kvBytes bytes of the pages that the sequence held
 * @param admission how many such sequences the cache takes at once, and what happens to more
 * @param load requests that were admitted and refused, and the cache after them
 * @param openNanos time to open the model
 */
record RunOutcome(
        RunConfig config,
        String backend,
        KvCachePlan kv,
        SortedSet<String> linearSchemes,
        Generation generation,
        double prefillDensity,
        double decodeDensity,
        long kvBytes,
        String admission,
        ServingLoad load,
        long openNanos) {}
