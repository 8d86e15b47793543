package dev.filigree.host.tokenizer.model;

import java.util.Arrays;

/** A growing list of token ids. */
public final class IdList {
    private int[] ids = new int[64];
    private int size;

    public void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, size + (size >> 1));
        }
        ids[size++] = id;
    }

    public int[] toArray() {
        return Arrays.copyOf(ids, size);
    }
}
