package dev.filigree.host.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * A tensor in a mapped file. Valid until the file is closed.
 *
 * @param spec name, element type and shape
 * @param file the file it is in
 * @param data the elements in row-major order, read-only, {@code spec.numBytes()} bytes; the address may be unaligned
 */
public record StoredTensor(TensorSpec spec, Path file, MemorySegment data) {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * One element as a float, exact.
     *
     * @param index its place in row-major order
     * @throws IllegalStateException if the type is not F32, F16 or BF16
     */
    public float floatAt(long index) {
        return switch (spec.type()) {
            case F32 -> data.get(FLOAT, 4 * index);
            case F16 -> Float.float16ToFloat(data.get(SHORT, 2 * index));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, 2 * index) << 16);
            default ->
                throw new IllegalStateException(
                        file + ": tensor " + spec.name() + " has type " + spec.type() + "; accepted: F32, F16, BF16");
        };
    }
}
