package dev.filigree.host.engine;

/** The pages of one sequence, per KV class in page-table columns. Made by a {@link BlockManager}. */
public interface SequenceBlocks {

    /** Columns in use of a class, those of a reservation included. */
    int numColumns(int kvClass);

    /** The page in a column of a class. */
    int page(int kvClass, int column);

    /** Keeps what was last reserved. */
    void commit();

    /** Gives back what was last reserved. */
    void cancel();

    /** Gives back all pages; the sequence is empty again. */
    void clear();
}
