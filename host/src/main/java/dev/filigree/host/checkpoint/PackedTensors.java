package dev.filigree.host.checkpoint;

import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * How tensors of plans lie in a file. Codes of 4 bits lie two in a U8, the element of the even column in the low half, and
 * the innermost size counts bytes; all others lie as they are.
 */
public final class PackedTensors {
    private PackedTensors() {}

    /** The element type of a dtype in a file. */
    public static StoredType storedType(DType dtype) {
        return switch (dtype) {
            case F32 -> StoredType.F32;
            case F16 -> StoredType.F16;
            case BF16 -> StoredType.BF16;
            case E4M3 -> StoredType.F8_E4M3;
            case I8 -> StoredType.I8;
            case U8, I4, U4, E2M1 -> StoredType.U8;
            case I32 -> StoredType.I32;
            case I64 -> StoredType.I64;
        };
    }

    /**
     * The shape of a tensor in a file.
     *
     * @throws IllegalArgumentException if rows of 4-bit codes would not begin at whole bytes
     */
    public static List<Long> storedShape(DType dtype, List<Long> shape) {
        if (!dtype.isPacked()) {
            return shape;
        }
        List<Long> stored = new ArrayList<>(shape);
        if (stored.getLast() % 2 != 0) {
            throw new IllegalArgumentException(
                    "rows of " + dtype + " must have an even number of elements, not " + stored.getLast());
        }
        stored.set(stored.size() - 1, stored.getLast() / 2);
        return stored;
    }
}
