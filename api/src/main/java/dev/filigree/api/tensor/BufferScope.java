package dev.filigree.api.tensor;

import java.lang.foreign.MemorySegment;

/**
 * Owns buffers and frees them together when closed. Scopes are confined to no thread, but closing one while work that
 * uses its buffers is in flight is an error of the caller.
 */
public interface BufferScope extends AutoCloseable {

    /** Every buffer starts at a multiple of this many bytes. */
    long ALIGNMENT_BYTES = 256;

    /**
     * Allocates a zero-filled buffer.
     *
     * @param sizeBytes size in bytes, 0 or more
     * @return the buffer
     * @throws OutOfMemoryException if the backend cannot give that much; nothing changes in that case
     */
    DeviceBuffer allocate(long sizeBytes);

    /**
     * Makes host memory readable by the backend. A backend that computes in host memory uses the segment in place, so
     * a mapped checkpoint is never loaded twice; others copy it. The segment must outlive the scope and must not
     * change.
     *
     * @param data the bytes
     * @return a buffer of {@code data.byteSize()} bytes; alignment is that of the data when used in place
     * @throws OutOfMemoryException if a copy is needed and does not fit; nothing changes in that case
     */
    DeviceBuffer upload(MemorySegment data);

    /** Bytes now held by this scope's own allocations; segments used in place do not count. */
    long allocatedBytes();

    /** Frees everything. Idempotent. */
    @Override
    void close();
}
