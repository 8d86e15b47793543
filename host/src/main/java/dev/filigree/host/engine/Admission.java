package dev.filigree.host.engine;

import dev.filigree.api.kvcache.KvCachePlan;

/** How many sequences a cache takes, for people. */
public final class Admission {
    private Admission() {}

    /**
     * How many sequences of one length are answered at once, and what happens to more.
     *
     * @param kv the cache
     * @param maxSeqs sequences that the config allows
     * @param swapBudgetBytes host memory for idle ones
     * @param numTokens tokens of each when its answer is complete
     */
    public static String text(KvCachePlan kv, int maxSeqs, long swapBudgetBytes, long numTokens) {
        int fits = maxSeqs;
        for (int kvClass = 0; kvClass < kv.classes().size(); kvClass++) {
            long each = kv.classes().get(kvClass).pagesFor(numTokens);
            fits = (int) Math.min(fits, kv.numPages().get(kvClass) / Math.max(1, each));
        }
        return fits + " of at most " + maxSeqs + " sequences of " + numTokens + " tokens at once, then "
                + (swapBudgetBytes == 0 ? "requests wait" : "idle sessions leave for the host and requests wait");
    }
}
