package dev.filigree.cpu.vector.attention;

/** Where the keys and values of a sequence lie: contiguous tensors or cache pages. Read by several workers at a time. */
interface KeyValueSource {
    /**
     * Packs keys {@code first + from} to {@code first + to - 1} and their values into a tile; the tile's other columns
     * get scores and values of 0.
     *
     * @param sequence number of the sequence in the batch
     * @param slot index on the head axis
     * @param first first key of the tile
     * @param from first column to load, 0 or more
     * @param to column after the last to load, at most the columns of the tile
     * @param layout where the parts of the tile lie
     * @param tile address of the tile
     */
    void load(int sequence, int slot, long first, int from, int to, KeyTile layout, long tile);
}
