package dev.filigree.cuda;

import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Device memory of one scope. */
final class CudaBuffer implements DeviceBuffer {
    private final CudaScope scope;
    private final long address;
    private final long sizeBytes;

    CudaBuffer(CudaScope scope, long address, long sizeBytes) {
        this.scope = scope;
        this.address = address;
        this.sizeBytes = sizeBytes;
    }

    /** Address of a range; throws if the buffer is dead, another backend's, or too small. */
    static long address(DeviceBuffer buffer, long offset, long bytes) {
        if (!(buffer instanceof CudaBuffer cuda)) {
            throw new IllegalArgumentException("buffer belongs to another backend: not in device memory");
        }
        if (!cuda.isAlive()) {
            throw new IllegalStateException("the scope of a buffer of " + cuda.sizeBytes + " bytes is closed");
        }
        if (offset < 0 || bytes < 0 || bytes > cuda.sizeBytes - offset) {
            throw new IndexOutOfBoundsException(
                    bytes + " bytes at byte " + offset + " do not fit a buffer of " + cuda.sizeBytes + " bytes");
        }
        return cuda.address + offset;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean isAlive() {
        return scope.isOpen();
    }

    @Override
    public Optional<MemorySegment> hostSegment() {
        return Optional.empty();
    }
}
