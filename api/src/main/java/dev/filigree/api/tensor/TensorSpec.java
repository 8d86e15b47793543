package dev.filigree.api.tensor;

/**
 * What a tensor is, apart from where its bytes are.
 *
 * @param dtype how elements are stored
 * @param shape extents, outermost axis first
 * @param strides distances in elements, same rank as the shape
 */
public record TensorSpec(DType dtype, Shape shape, Strides strides) {

    /** Checks that shape and strides have one entry per axis. */
    public TensorSpec {
        if (shape.rank() != strides.steps().size()) {
            throw new IllegalArgumentException("strides " + strides + " must have as many axes as shape " + shape);
        }
    }

    /** A contiguous tensor, last axis fastest. */
    public static TensorSpec of(DType dtype, long... dims) {
        Shape shape = Shape.of(dims);
        return new TensorSpec(dtype, shape, Strides.rowMajor(shape));
    }

    /** Bytes from the first element to the end of the last one. */
    public long spanBytes() {
        if (shape.numElements() == 0) {
            return 0;
        }
        long last = 0;
        for (int axis = 0; axis < shape.rank(); axis++) {
            last = Math.addExact(last, Math.multiplyExact(shape.dim(axis) - 1, strides.step(axis)));
        }
        return dtype.bytes(last + 1);
    }

    /** Whether elements lie side by side in row-major order. */
    public boolean isContiguous() {
        return strides.equals(Strides.rowMajor(shape));
    }

    @Override
    public String toString() {
        return shape + " " + dtype + (isContiguous() ? "" : " strides " + strides);
    }
}
