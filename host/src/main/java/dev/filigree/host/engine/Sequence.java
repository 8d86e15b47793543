package dev.filigree.host.engine;

import org.jspecify.annotations.Nullable;

/**
 * A sequence that the engine keeps between steps: its place in the cache, or what was swapped out of it. Belongs to the
 * engine that opened it, and is used by one thread at a time.
 */
public final class Sequence implements AutoCloseable {
    static final int NO_SLOT = -1;

    private final Engine engine;
    private final SequenceBlocks blocks;
    private final WholeChunks chunks = new WholeChunks();
    private int slot;
    private long length;
    private long lastUsed;
    private boolean pinned;
    private boolean closed;
    private boolean rowsAreStale;
    private @Nullable SwappedPages swapped;

    Sequence(Engine engine, int slot, SequenceBlocks blocks) {
        this.engine = engine;
        this.slot = slot;
        this.blocks = blocks;
    }

    /**
     * Tokens in the cache. A step that failed while running can leave a shorter one, 0 where the cache keeps a window
     * only; the tokens beyond have to be given again.
     */
    public long length() {
        return length;
    }

    /**
     * A sequence with the same tokens. It shares the pages of this one; a page is copied when either of them writes
     * it. The pages that policies chose are copied too, so both go on alike.
     * Where no slot is free, the new sequence waits on the host, as a copy.
     *
     * @throws CacheFullException if as many sequences as the config allows are open and the swap budget holds no copy;
     *     nothing has changed then
     */
    public Sequence fork() {
        return engine.fork(this);
    }

    /**
     * Forgets the last tokens. Fewer than asked for may be left, 0 at the least, where the cache cannot go back to any
     * length: page statistics and prompt chunks begin at multiples of tokens, and a ring has overwritten what it held.
     * The tokens beyond have to be given again.
     *
     * @param newLength tokens to keep, at most {@link #length}
     * @return tokens that are left
     */
    public long rewind(long newLength) {
        return engine.rewind(this, newLength);
    }

    /** The row of policy state, {@link #NO_SLOT} while it has none. */
    int slot() {
        return slot;
    }

    void useSlot(int newSlot) {
        slot = newSlot;
    }

    boolean isResident() {
        return slot != NO_SLOT;
    }

    SequenceBlocks blocks() {
        return blocks;
    }

    /** What it has read in whole prompt chunks. */
    WholeChunks chunks() {
        return chunks;
    }

    @Nullable
    SwappedPages swapped() {
        return swapped;
    }

    void keepSwapped(@Nullable SwappedPages pages) {
        swapped = pages;
        rowsAreStale = false;
    }

    /** Whether the policy state on the host is of tokens that were forgotten since. */
    boolean rowsAreStale() {
        return rowsAreStale;
    }

    void forgetRows() {
        rowsAreStale = true;
    }

    /** Whether it must stay resident, because an admitted request uses it. */
    boolean isPinned() {
        return pinned;
    }

    void pin(boolean stays) {
        pinned = stays;
    }

    long lastUsed() {
        return lastUsed;
    }

    void touch(long clock) {
        lastUsed = clock;
    }

    void advance(long tokens) {
        blocks.commit();
        length += tokens;
    }

    void cutTo(long newLength) {
        chunks.cut(newLength);
        length = newLength;
    }

    void requireUsable(Engine by) {
        if (closed || engine != by) {
            throw new IllegalStateException(
                    closed ? "the sequence is closed" : "the sequence belongs to another model");
        }
    }

    /** Gives back its pages. Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            engine.release(this);
        }
    }
}
