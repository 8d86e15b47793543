package dev.filigree.cpu.reference.common;

/** Keys and values of one head in cache pages; key j is the token at position j. */
public final class PagedKeyValues implements KeyValues {
    private final PagePool pool;
    private long sequence;
    private int head;

    /** Keys and values of a pool. */
    public PagedKeyValues(PagePool pool) {
        this.pool = pool;
    }

    /** Chooses the sequence of the batch and the head of the layout. */
    public void point(long newSequence, int newHead) {
        sequence = newSequence;
        head = newHead;
    }

    @Override
    public void key(int key, float[] target) {
        pool.keys().read(pool.bytes(), pool.pageOffset(sequence, key), head, pool.slot(key), target);
    }

    @Override
    public void value(int key, float[] target) {
        pool.values().read(pool.bytes(), pool.pageOffset(sequence, key), head, pool.slot(key), target);
    }
}
