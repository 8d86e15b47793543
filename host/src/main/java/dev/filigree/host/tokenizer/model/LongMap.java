package dev.filigree.host.tokenizer.model;

import java.util.Arrays;

/** A map from non-negative longs to non-negative longs in two arrays, filled once and then only read. */
final class LongMap {
    private static final long ABSENT = -1;

    private final long[] keys;
    private final long[] values;
    private final int mask;
    private int size;

    /** A map with room for {@code capacity} entries. */
    LongMap(int capacity) {
        int slots = Integer.highestOneBit(Math.max(8, capacity)) << 2;
        keys = new long[slots];
        values = new long[slots];
        mask = slots - 1;
        Arrays.fill(keys, ABSENT);
    }

    /** Adds an entry, or replaces the one of the same key. */
    void put(long key, long value) {
        int slot = slot(key);
        if (keys[slot] != key) {
            if (++size > keys.length / 2) {
                throw new IllegalStateException("the map holds " + size + " entries; accepted: " + keys.length / 2);
            }
            keys[slot] = key;
        }
        values[slot] = value;
    }

    /** The value of {@code key}, or -1. */
    long get(long key) {
        int slot = slot(key);
        return keys[slot] == key ? values[slot] : ABSENT;
    }

    /** The slot that holds {@code key}, or the free one where it belongs. */
    private int slot(long key) {
        int slot = (int) mix(key) & mask;
        while (keys[slot] != key && keys[slot] != ABSENT) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    /** The finalizer of MurmurHash3: every bit of the key moves every bit of the result. */
    private static long mix(long key) {
        long h = (key ^ (key >>> 33)) * 0xff51afd7ed558ccdL;
        h = (h ^ (h >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return h ^ (h >>> 33);
    }
}
