package dev.filigree.host.cli;

import dev.filigree.policies.config.RunConfig;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One config at one length.
 *
 * @param config what ran
 * @param tokens of the prompt
 * @param failure why it did not fit; empty if it ran
 * @param backend the backend and why
 * @param linearSchemes how projections are stored
 * @param firstNanos time to the first token when no plan was ready, weights uploaded meanwhile; 0 where the cache was filled
 * @param promptNanos time to the first token in the last round; 0 where the cache was filled
 * @param decodeNanos of a token, the mean over those drawn in the last round
 * @param prefillDensity share of reachable query/key pairs that the prompt's attention computes, as the policies expect
 * @param decodeDensity the same of the last token
 * @param kvBytes of the pages that the sequence held
 * @param kvPoolBytes of all pages of the cache
 */
record BenchOutcome(
        RunConfig config,
        int tokens,
        String failure,
        String backend,
        SortedSet<String> linearSchemes,
        long firstNanos,
        long promptNanos,
        double decodeNanos,
        double prefillDensity,
        double decodeDensity,
        long kvBytes,
        long kvPoolBytes) {

    /** A length that did not fit. */
    static BenchOutcome failed(RunConfig config, int tokens, String why) {
        return new BenchOutcome(config, tokens, why, "", new TreeSet<>(), 0, 0, 0, 0, 0, 0, 0);
    }

    boolean ran() {
        return failure.isEmpty();
    }

    /** Whether the prompt was read, and not only its place in the cache filled. */
    boolean read() {
        return promptNanos > 0;
    }
}
