package dev.filigree.api.backend;

import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/**
 * Work in order. Copies and runs on one stream see each other's effects; the host sees them after {@link
 * #synchronize}. Not thread-safe.
 */
public interface ExecutionStream extends AutoCloseable {

    /**
     * Copies host bytes into a buffer. The source may be changed once the call returns.
     *
     * @throws IndexOutOfBoundsException if the range does not fit the buffer
     */
    void write(MemorySegment source, DeviceBuffer target, long targetOffsetBytes);

    /**
     * Copies buffer bytes to the host and waits for them.
     *
     * @param target filled whole
     * @throws IndexOutOfBoundsException if the range does not fit the buffer
     */
    void read(DeviceBuffer source, long sourceOffsetBytes, MemorySegment target);

    /** Copies between buffers of the backend; overlapping ranges are not allowed. */
    void copy(DeviceBuffer source, long sourceOffsetBytes, DeviceBuffer target, long targetOffsetBytes, long sizeBytes);

    /** Fills a range with one byte value. */
    void fill(DeviceBuffer target, long offsetBytes, long sizeBytes, byte value);

    /**
     * Waits until everything enqueued is done.
     *
     * @throws BackendException if any of it failed, naming the op
     */
    void synchronize();

    @Override
    void close();
}
