package dev.filigree.cpu.vector.convert;

/** How a floating-point number is stored; every kernel computes in f32. */
public enum Storage {
    /** IEEE 754 binary32. */
    F32(4),
    /** IEEE 754 binary16. */
    F16(2),
    /** The upper half of a binary32. */
    BF16(2);

    private final int bytes;

    Storage(int bytes) {
        this.bytes = bytes;
    }

    /** Returns the size of one element, bytes. */
    public int bytes() {
        return bytes;
    }
}
