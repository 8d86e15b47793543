package dev.filigree.api.tensor;

import java.util.Arrays;
import java.util.List;

/**
 * The extents of a tensor, outermost axis first. Immutable; extents are 64-bit and may be 0.
 *
 * @param dims one extent per axis
 */
public record Shape(List<Long> dims) {

    /** Checks that every extent is 0 or more. */
    public Shape {
        dims = List.copyOf(dims);
        for (long dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException("extents must be 0 or more, not " + dims);
            }
        }
    }

    /** A shape of the given extents. */
    public static Shape of(long... dims) {
        return new Shape(Arrays.stream(dims).boxed().toList());
    }

    /** Number of axes. */
    public int rank() {
        return dims.size();
    }

    /** The extent of one axis, 0-based from the outermost. */
    public long dim(int axis) {
        return dims.get(axis);
    }

    /**
     * Number of elements, 1 for a scalar.
     *
     * @throws ArithmeticException if the product does not fit a long
     */
    public long numElements() {
        long product = 1;
        for (long dim : dims) {
            product = Math.multiplyExact(product, dim);
        }
        return product;
    }

    @Override
    public String toString() {
        return dims.toString();
    }
}
