package dev.filigree.conformance.check;

import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A buffer between guards. */
final class CheckedBuffer implements DeviceBuffer {
    private final CheckedBackend owner;
    private final DeviceBuffer inner;
    private final long guardBytes;
    private final long sizeBytes;

    CheckedBuffer(CheckedBackend owner, DeviceBuffer inner, long guardBytes) {
        this.owner = owner;
        this.inner = inner;
        this.guardBytes = guardBytes;
        this.sizeBytes = inner.sizeBytes() - 2 * guardBytes;
    }

    CheckedBackend owner() {
        return owner;
    }

    DeviceBuffer inner() {
        return inner;
    }

    /** Bytes before the first usable one, and after the last. */
    long guardBytes() {
        return guardBytes;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean isAlive() {
        return inner.isAlive();
    }

    @Override
    public Optional<MemorySegment> hostSegment() {
        return inner.hostSegment().map(segment -> segment.asSlice(guardBytes, sizeBytes));
    }
}
