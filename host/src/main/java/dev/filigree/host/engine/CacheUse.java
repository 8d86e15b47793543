package dev.filigree.host.engine;

import java.util.Arrays;
import java.util.List;

/**
 * What of a cache is in use.
 *
 * @param openSequences sequences that are open
 * @param residentSequences those of them that have a slot
 * @param usedPages per KV class, pages in use; a shared page counts once
 * @param swappedBytes host memory that swapped-out sequences take
 * @param swapOuts sequences swapped out since the model was opened
 */
public record CacheUse(
        int openSequences, int residentSequences, List<Long> usedPages, long swappedBytes, long swapOuts) {

    CacheUse(int openSequences, int residentSequences, long[] usedPages, long swappedBytes, long swapOuts) {
        this(openSequences, residentSequences, Arrays.stream(usedPages).boxed().toList(), swappedBytes, swapOuts);
    }

    /** Copies the list. */
    public CacheUse {
        usedPages = List.copyOf(usedPages);
    }
}
