package dev.filigree.api.tensor;

import java.util.Locale;

/**
 * Element types of stored tensors. A dtype says how a value is stored; what a kernel computes in is a separate
 * capability of the backend (see {@code dev.filigree.api.backend.Capabilities}).
 *
 * <p>Sub-byte types are packed with element {@code 2m} in the low nibble of byte {@code m} and element
 * {@code 2m + 1} in its high nibble. {@code I4} codes are two's complement; {@code E2M1} codes are sign in bit 3 and
 * magnitude index in bits 0 to 2 (0, 0.5, 1, 1.5, 2, 3, 4, 6).
 */
public enum DType {
    /** IEEE 754 binary32. */
    F32(32, true),
    /** IEEE 754 binary16. */
    F16(16, true),
    /** bfloat16: the upper 16 bits of a binary32. */
    BF16(16, true),
    /** Signed 8-bit integer. */
    I8(8, false),
    /** Unsigned 8-bit integer. */
    U8(8, false),
    /** Signed 4-bit integer, two per byte. */
    I4(4, false),
    /** Unsigned 4-bit integer, two per byte. */
    U4(4, false),
    /** 8-bit float, 4 exponent and 3 mantissa bits, no infinity, NaN at 0x7f and 0xff (OCP FP8). */
    E4M3(8, true),
    /** 4-bit float, 2 exponent bits and 1 mantissa bit, two per byte (OCP MX FP4). */
    E2M1(4, true),
    /** Signed 32-bit integer: token ids, offsets, lengths, page and block indices. */
    I32(32, false),
    /** Signed 64-bit integer: seeds. */
    I64(64, false);

    private final int bits;
    private final boolean floating;

    DType(int bits, boolean floating) {
        this.bits = bits;
        this.floating = floating;
    }

    /** Storage bits of one element. */
    public int bits() {
        return bits;
    }

    /** Whether the codes stand for floating-point values. */
    public boolean isFloating() {
        return floating;
    }

    /** Whether two elements share one byte. */
    public boolean isPacked() {
        return bits < 8;
    }

    /**
     * Bytes that {@code elements} contiguous elements take, rounded up to a whole byte.
     *
     * @param elements a count, 0 or more
     * @return the size in bytes
     * @throws ArithmeticException if the size does not fit a long
     */
    public long bytes(long elements) {
        if (elements < 0) {
            throw new IllegalArgumentException("element count must be 0 or more, not " + elements);
        }
        return bits >= 8 ? Math.multiplyExact(elements, bits / 8) : (elements + 1) / 2;
    }

    /** The lower-case name used in configs, kernel ids and printed plans. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return id();
    }
}
