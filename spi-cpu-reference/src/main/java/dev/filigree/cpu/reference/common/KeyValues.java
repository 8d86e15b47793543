package dev.filigree.cpu.reference.common;

/** Keys and values of one head of one sequence, wherever they are stored. */
public interface KeyValues {

    /** Reads a key vector. */
    void key(int key, float[] target);

    /** Reads a value vector. */
    void value(int key, float[] target);
}
