package dev.filigree.host.engine;

/**
 * A sequence that the engine keeps between steps: its place in the cache. Belongs to the engine that opened it, and
 * is used by one thread at a time.
 */
public final class Sequence implements AutoCloseable {
    private final Engine engine;
    private final int slot;
    private final SequenceBlocks blocks;
    private long length;
    private boolean closed;

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

    int slot() {
        return slot;
    }

    SequenceBlocks blocks() {
        return blocks;
    }

    void advance(long tokens) {
        blocks.commit();
        length += tokens;
    }

    void rewindToStart() {
        blocks.clear();
        length = 0;
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
