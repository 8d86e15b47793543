package dev.filigree.api.host;

import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.OutOfMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** Native memory counted against its backend and freed together. */
final class HostScope implements BufferScope {
    private final Arena arena = Arena.ofShared();
    private final HostMemory memory;
    private final AtomicLong allocated = new AtomicLong();
    private boolean closed;

    HostScope(HostMemory memory) {
        this.memory = memory;
    }

    @Override
    public synchronized DeviceBuffer allocate(long sizeBytes) {
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("buffer size must be 0 or more, not " + sizeBytes);
        }
        memory.reserve(sizeBytes);
        MemorySegment segment = MemorySegment.NULL;
        try {
            segment = arena.allocate(Math.max(1, sizeBytes), ALIGNMENT_BYTES).asSlice(0, sizeBytes);
        } catch (OutOfMemoryError e) {
            throw new OutOfMemoryException(sizeBytes, "host memory", String.valueOf(e.getMessage()));
        } finally {
            // Also when the scope was closed already: what was not handed out is not held.
            if (segment.equals(MemorySegment.NULL)) {
                memory.release(sizeBytes);
            }
        }
        allocated.addAndGet(sizeBytes);
        return new HostBuffer(segment);
    }

    @Override
    public DeviceBuffer upload(MemorySegment data) {
        return new HostBuffer(data);
    }

    @Override
    public long allocatedBytes() {
        return allocated.get();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            arena.close();
            memory.release(allocated.get());
        }
    }
}
