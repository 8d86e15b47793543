package dev.filigree.host.engine;

import java.util.List;

/** Decides which pages hold the tokens of which sequence. Not thread-safe: the engine asks under its own lock. */
public interface BlockManager {

    /** The pages of a new, empty sequence. */
    SequenceBlocks open();

    /**
     * Makes room in several sequences for one step, in all of them or in none.
     *
     * @param sequences opened here, each once
     * @param newLengths tokens that each will hold after the step
     * @throws CacheFullException if there is not enough room; nothing has changed then
     */
    void reserve(List<SequenceBlocks> sequences, long[] newLengths);

    /** Pages in use of a class. */
    long usedPages(int kvClass);
}
