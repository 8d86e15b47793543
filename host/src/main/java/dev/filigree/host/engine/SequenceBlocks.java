package dev.filigree.host.engine;

/** The pages of one sequence, per KV class in page-table columns. Made by a {@link BlockManager}. */
public interface SequenceBlocks {

    /** Tokens kept: those of committed reservations. */
    long length();

    /** Columns in use of a class, those of a reservation included. */
    int numColumns(int kvClass);

    /** The page in a column of a class. */
    int page(int kvClass, int column);

    /** Pages of a class that the pending reservation replaced, because other sequences share them. */
    int numCopies(int kvClass);

    /** The shared page that a copy reads. */
    int copySource(int kvClass, int copy);

    /** The page of this sequence that a copy writes. */
    int copyTarget(int kvClass, int copy);

    /** Keeps what was last reserved. */
    void commit();

    /** Gives back what was last reserved; the step may have written it already. */
    void cancel();

    /**
     * Whether the first {@code length} tokens can still be continued: a ring may have overwritten what their next query
     * sees, in a step whose tokens were kept, forgotten or never committed.
     */
    boolean canRewind(long length);

    /**
     * Forgets the tokens from {@code length} on and gives back the pages that held no others.
     *
     * @throws IllegalArgumentException if there are not so many tokens, or {@link #canRewind} says no
     */
    void rewind(long length);

    /**
     * Gives back all pages, whose bytes the caller has saved. A reservation of the same length takes as many again; what
     * {@link #canRewind} knows of their contents stays.
     */
    void evict();

    /** Gives back all pages; the sequence is empty again. */
    void clear();
}
