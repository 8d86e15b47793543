package dev.filigree.host.checkpoint;

import java.util.List;

/**
 * Name, type and shape of a tensor in a safetensors file.
 *
 * @param name its name, any text
 * @param type the element type
 * @param shape the sizes, outermost first, each 0 or more; empty for a scalar
 */
public record TensorSpec(String name, StoredType type, List<Long> shape) {
    /**
     * Checks and copies the shape.
     *
     * @throws IllegalArgumentException if a size is negative or the data would not be a whole number of bytes below 2^63
     */
    public TensorSpec {
        shape = List.copyOf(shape);
        bytes(type, shape);
    }

    /** The size of the data, in bytes. */
    public long numBytes() {
        return bytes(type, shape);
    }

    /** The number of elements. */
    public long numElements() {
        return elements(shape);
    }

    private static long elements(List<Long> shape) {
        long elements = 1;
        for (long size : shape) {
            if (size < 0) {
                throw new IllegalArgumentException("size " + size + " in shape " + shape + "; accepted: 0 or more");
            }
            // a size of 0 makes the product 0, yet the others must not overflow on the way
            elements = Math.multiplyExact(elements, Math.max(1, size));
        }
        return shape.contains(0L) ? 0 : elements;
    }

    private static long bytes(StoredType type, List<Long> shape) {
        try {
            long bits = Math.multiplyExact(elements(shape), (long) type.bits());
            if (bits % 8 != 0) {
                throw new IllegalArgumentException(
                        "shape " + shape + " of " + type + " has " + bits + " bits; accepted: whole bytes");
            }
            return bits / 8;
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "shape " + shape + " of " + type + " has more than 2^63 bits; accepted: fewer", e);
        }
    }
}
