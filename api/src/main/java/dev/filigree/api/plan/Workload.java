package dev.filigree.api.plan;

/**
 * The extents under which a plan is priced.
 *
 * @param numSeqs sequences
 * @param numTokens query tokens, all sequences together
 * @param contextTokens key/value tokens one sequence ends with, the current ones included
 * @param expectedDensity share of reachable blocks or pages that data-dependent selections are expected to keep, 0
 *     to 1
 */
public record Workload(long numSeqs, long numTokens, long contextTokens, double expectedDensity) {

    /** Query/key pairs under a bottom-right causal mask, all sequences together. */
    public double causalPairs() {
        double perSeq = numSeqs == 0 ? 0 : (double) numTokens / numSeqs;
        return numSeqs * perSeq * (contextTokens - (perSeq - 1) / 2);
    }

    /** Query/key pairs under that mask when each query sees at most {@code visible} keys. */
    public double pairsUpTo(double visible) {
        double perSeq = numSeqs == 0 ? 0 : (double) numTokens / numSeqs;
        double past = contextTokens - perSeq;
        double growing = Math.clamp(visible - past, 0, perSeq);
        return numSeqs * (growing * (past + (growing + 1) / 2) + (perSeq - growing) * visible);
    }
}
