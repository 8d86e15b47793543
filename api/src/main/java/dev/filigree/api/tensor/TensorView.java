package dev.filigree.api.tensor;

/**
 * A tensor in a buffer.
 *
 * @param buffer where the bytes are
 * @param offsetBytes of the first element
 * @param spec dtype, shape and strides
 */
public record TensorView(DeviceBuffer buffer, long offsetBytes, TensorSpec spec) {

    /** Checks that the tensor lies inside the buffer. */
    public TensorView {
        long end = Math.addExact(offsetBytes, spec.spanBytes());
        if (offsetBytes < 0 || end > buffer.sizeBytes()) {
            throw new IllegalArgumentException("tensor " + spec + " at byte " + offsetBytes + " ends at byte " + end
                    + ", outside its buffer of " + buffer.sizeBytes() + " bytes");
        }
    }

    /** A contiguous tensor at the start of a buffer. */
    public static TensorView of(DeviceBuffer buffer, DType dtype, long... dims) {
        return new TensorView(buffer, 0, TensorSpec.of(dtype, dims));
    }
}
