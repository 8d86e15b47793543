package dev.filigree.cpu.vector.common;

/**
 * Numbers taken in rising order, one by one, from a heap made in one pass: a sort that stops when enough is known, and
 * allocates nothing. A key is a float in falling order above an index in rising order.
 */
public final class LongHeap {
    private final long[] items;
    private int size;

    /** A heap of at most that many numbers. */
    public LongHeap(int capacity) {
        items = new long[capacity];
    }

    /**
     * The key of an index with a value: smaller for a larger value, then for a smaller index. NaN counts as the largest
     * value, and 0 equals -0.
     */
    public static long key(float value, int index) {
        int bits = Float.floatToIntBits(value + 0f); // + 0 makes -0 equal to 0
        int rising = bits >= 0 ? bits : bits ^ 0x7fffffff;
        return (long) ~rising << 32 | index;
    }

    /** The index of a key. */
    public static int index(long key) {
        return (int) key;
    }

    /** Forgets all numbers. */
    public void clear() {
        size = 0;
    }

    /** Puts a number in; {@link #order} comes after the last. */
    public void put(long item) {
        items[size++] = item;
    }

    /** Makes the heap of the numbers put in. */
    public void order() {
        for (int i = size / 2 - 1; i >= 0; i--) {
            sink(i);
        }
    }

    /** Takes the smallest number. */
    public long take() {
        long top = items[0];
        items[0] = items[--size];
        if (size > 0) {
            sink(0);
        }
        return top;
    }

    private void sink(int from) {
        long moving = items[from];
        int hole = from;
        for (int child = 2 * hole + 1; child < size; child = 2 * hole + 1) {
            if (child + 1 < size && items[child + 1] < items[child]) {
                child++;
            }
            if (items[child] >= moving) {
                break;
            }
            items[hole] = items[child];
            hole = child;
        }
        items[hole] = moving;
    }
}
