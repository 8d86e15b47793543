package dev.filigree.cuda;

import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.cuda.driver.CudaContext;
import dev.filigree.cuda.driver.CudaException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Buffers from the device's pool, given back together. */
final class CudaScope implements BufferScope {
    private final CudaContext context;
    private final long limitBytes;
    private final List<Long> addresses = new ArrayList<>();
    private long allocated;
    private volatile boolean closed;

    CudaScope(CudaContext context, long limitBytes) {
        this.context = context;
        this.limitBytes = limitBytes;
    }

    boolean isOpen() {
        return !closed;
    }

    @Override
    public synchronized DeviceBuffer allocate(long sizeBytes) {
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("buffer size must be 0 or more, not " + sizeBytes);
        }
        if (closed) {
            throw new IllegalStateException("the scope is closed");
        }
        // Sizes beyond the device are refused here: the driver calls some of them an invalid value.
        if (sizeBytes > limitBytes - allocated) {
            throw outOfMemory(sizeBytes);
        }
        long address;
        try {
            address = context.allocate(Math.max(1, sizeBytes));
        } catch (CudaException e) {
            if (e.code() == CudaException.OUT_OF_MEMORY) {
                throw outOfMemory(sizeBytes);
            }
            throw e;
        }
        addresses.add(address);
        allocated += sizeBytes;
        return new CudaBuffer(this, address, sizeBytes);
    }

    private OutOfMemoryException outOfMemory(long sizeBytes) {
        long[] memory = context.memory();
        return new OutOfMemoryException(
                sizeBytes, context.traits().name(), memory[0] + " of " + memory[1] + " bytes are free");
    }

    @Override
    public DeviceBuffer upload(MemorySegment data) {
        DeviceBuffer buffer = allocate(data.byteSize());
        context.upload(data, CudaBuffer.address(buffer, 0, data.byteSize()));
        return buffer;
    }

    @Override
    public synchronized long allocatedBytes() {
        return allocated;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            addresses.forEach(context::free);
        }
    }
}
