package dev.filigree.host.engine;

import java.util.List;

/**
 * What of a cache is in use.
 *
 * @param openSequences sequences that are open
 * @param residentSequences those of them that have a slot
 * @param usedPages per KV class, pages in use; a shared page counts once
 * @param swappedBytes host memory that swapped-out sequences take
 * @param swapOuts sequences swapped out since the model was opened
 * @param prefixes prompt beginnings that are kept
 * @param prefixHits prompts since then that began with one of them
 * @param prefixTokens tokens that those prompts did not read again
 */
public record CacheUse(
        int openSequences,
        int residentSequences,
        List<Long> usedPages,
        long swappedBytes,
        long swapOuts,
        int prefixes,
        long prefixHits,
        long prefixTokens) {

    /** Copies the list. */
    public CacheUse {
        usedPages = List.copyOf(usedPages);
    }
}
