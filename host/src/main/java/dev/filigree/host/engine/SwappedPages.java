package dev.filigree.host.engine;

import dev.filigree.api.tensor.OutOfMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The pages and policy state of a sequence in host memory, byte by byte as they were.
 *
 * @param arena owns the bytes
 * @param bytes pages by class, column and layer, then rows of policy state
 * @param numColumns per class, columns that were saved
 * @param rowsAt where the rows begin
 */
record SwappedPages(Arena arena, MemorySegment bytes, int[] numColumns, long rowsAt) implements AutoCloseable {

    static SwappedPages allocate(int[] numColumns, long pageBytes, long rowBytes) {
        Arena arena = Arena.ofShared();
        try {
            return new SwappedPages(arena, arena.allocate(pageBytes + rowBytes, 8), numColumns, pageBytes);
        } catch (OutOfMemoryError e) {
            arena.close();
            OutOfMemoryException full =
                    new OutOfMemoryException(pageBytes + rowBytes, "the host", "needed to swap a sequence out");
            full.initCause(e);
            throw full;
        }
    }

    /** The same bytes once more. */
    SwappedPages copy() {
        SwappedPages twin = allocate(numColumns, rowsAt, bytes.byteSize() - rowsAt);
        twin.bytes.copyFrom(bytes);
        return twin;
    }

    MemorySegment rows() {
        return bytes.asSlice(rowsAt);
    }

    long sizeBytes() {
        return bytes.byteSize();
    }

    @Override
    public void close() {
        arena.close();
    }
}
