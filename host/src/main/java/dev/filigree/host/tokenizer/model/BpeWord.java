package dev.filigree.host.tokenizer.model;

import java.util.Arrays;

/**
 * One piece of text while its symbols are merged. The symbols are a linked list in arrays, the possible merges a heap
 * ordered by rank and then by position, so that n symbols take O(n log n).
 */
final class BpeWord {
    private static final int REMOVED = -1;

    private int[] ids = new int[64];
    private int[] next = new int[64];
    private int[] previous = new int[64];
    private int size;

    /** {@code rank << 32 | position of the left symbol}; entries go stale when a neighbour is merged away. */
    private long[] heap = new long[64];

    private int heapSize;

    void clear() {
        size = 0;
        heapSize = 0;
    }

    void add(int id) {
        if (size == ids.length) {
            int capacity = size * 2;
            ids = Arrays.copyOf(ids, capacity);
            next = Arrays.copyOf(next, capacity);
            previous = Arrays.copyOf(previous, capacity);
        }
        ids[size++] = id;
    }

    /** Applies {@code merges} until none fits, lowest rank first, leftmost first where ranks are equal. */
    void merge(BpeMerges merges) {
        for (int i = 0; i < size; i++) {
            previous[i] = i - 1;
            next[i] = i + 1;
        }
        for (int i = 0; i + 1 < size; i++) {
            offer(i, merges);
        }
        while (heapSize > 0) {
            long entry = pop();
            int left = (int) entry;
            int right = ids[left] == REMOVED ? size : next[left];
            if (right < size) {
                long rule = merges.rule(ids[left], ids[right]);
                if (rule >= 0 && rule >>> 32 == entry >>> 32) {
                    join(left, right, (int) rule, merges);
                }
            }
        }
    }

    /** Appends the symbols that are left. */
    void copyTo(IdList out) {
        for (int i = 0; i < size; i++) {
            if (ids[i] != REMOVED) {
                out.add(ids[i]);
            }
        }
    }

    private void join(int left, int right, int joined, BpeMerges merges) {
        ids[left] = joined;
        ids[right] = REMOVED;
        next[left] = next[right];
        if (next[left] < size) {
            previous[next[left]] = left;
            offer(left, merges);
        }
        if (previous[left] >= 0) {
            offer(previous[left], merges);
        }
    }

    private void offer(int left, BpeMerges merges) {
        long rule = merges.rule(ids[left], ids[next[left]]);
        if (rule >= 0) {
            push((rule >>> 32) << 32 | left);
        }
    }

    private void push(long entry) {
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, heapSize * 2);
        }
        int hole = heapSize++;
        while (hole > 0 && heap[(hole - 1) >>> 1] > entry) {
            heap[hole] = heap[(hole - 1) >>> 1];
            hole = (hole - 1) >>> 1;
        }
        heap[hole] = entry;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heapSize];
        int hole = 0;
        for (int child = 1; child < heapSize; child = 2 * hole + 1) {
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[hole] = heap[child];
            hole = child;
        }
        heap[hole] = last;
        return top;
    }
}
