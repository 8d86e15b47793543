package dev.filigree.host.engine;

import dev.filigree.api.tensor.OutOfMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The pages and policy state of a sequence in host memory, byte by byte as they were: pages by class, column and layer, then
 * rows of policy state.
 */
final class SwappedPages implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;
    private final int[] numColumns;
    private final long rowsAt;

    /**
     * Room for a sequence.
     *
     * @param numColumns per class, columns that are saved
     * @throws OutOfMemoryException if the host has no room
     */
    SwappedPages(int[] numColumns, long pageBytes, long rowBytes) {
        this.numColumns = numColumns.clone();
        rowsAt = pageBytes;
        try {
            bytes = arena.allocate(pageBytes + rowBytes, 8);
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
        SwappedPages twin = new SwappedPages(numColumns, rowsAt, bytes.byteSize() - rowsAt);
        twin.bytes.copyFrom(bytes);
        return twin;
    }

    MemorySegment bytes() {
        return bytes;
    }

    MemorySegment rows() {
        return bytes.asSlice(rowsAt);
    }

    int numColumns(int kvClass) {
        return numColumns[kvClass];
    }

    long sizeBytes() {
        return bytes.byteSize();
    }

    @Override
    public void close() {
        arena.close();
    }
}
