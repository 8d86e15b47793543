package dev.filigree.host.engine;

import java.util.List;

/** Decides which pages hold the tokens of which sequence. Not thread-safe: the engine asks under its own lock. */
public interface BlockManager {

    /** The pages of a new, empty sequence. */
    SequenceBlocks open();

    /**
     * Makes an empty sequence one with the same tokens in the same pages as another, as {@link #fork} does.
     *
     * @param empty opened here, of length 0 and without a page
     * @param other opened here, without a pending reservation
     */
    void share(SequenceBlocks empty, SequenceBlocks other);

    /**
     * A sequence with the same tokens in the same pages. No page is taken or copied; a page that either of them writes
     * later is copied first, by the reservation of that step.
     *
     * @param parent opened here, without a pending reservation
     */
    SequenceBlocks fork(SequenceBlocks parent);

    /**
     * Pages of a class that are missing for several sequences to grow, 0 if there is room for all of them. The count
     * is exact: pages for the columns to come, and one for each shared page that would be written.
     *
     * @param sequences opened here, each once
     * @param newLengths tokens that each will hold
     */
    long missingPages(int kvClass, List<SequenceBlocks> sequences, long[] newLengths);

    /**
     * Makes room in several sequences for one step, in all of them or in none. The step writes positions from the
     * length of each sequence to its new length; before it does, the pages named by {@link SequenceBlocks#copySource}
     * have to be copied.
     *
     * @param sequences opened here, each once
     * @param newLengths tokens that each will hold after the step
     * @throws CacheFullException if there is not enough room; nothing has changed then
     */
    void reserve(List<SequenceBlocks> sequences, long[] newLengths);

    /** Pages in use of a class; a shared page counts once. */
    long usedPages(int kvClass);
}
