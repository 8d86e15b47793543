package dev.filigree.host.engine;

import dev.filigree.api.tensor.OutOfMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The pages and policy state of a sequence in host memory, byte by byte as they were.
 *
 * @param arena owns the bytes
 * @param bytes pages by class, column and layer, then rows of policy state
 * @param sizeBytes of them
 */
record SwappedPages(Arena arena, MemorySegment bytes, long sizeBytes) implements AutoCloseable {

    static SwappedPages allocate(long sizeBytes) {
        Arena arena = Arena.ofShared();
        try {
            return new SwappedPages(arena, arena.allocate(Math.max(1, sizeBytes), 8), sizeBytes);
        } catch (OutOfMemoryError e) {
            arena.close();
            OutOfMemoryException full =
                    new OutOfMemoryException(sizeBytes, "the host", "needed to swap a sequence out");
            full.initCause(e);
            throw full;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
