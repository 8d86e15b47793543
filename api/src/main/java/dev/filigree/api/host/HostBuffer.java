package dev.filigree.api.host;

import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A buffer in host memory. */
final class HostBuffer implements DeviceBuffer {
    private final MemorySegment segment;
    // Made once: every run asks for it, and runs allocate nothing.
    private final Optional<MemorySegment> hostSegment;

    HostBuffer(MemorySegment segment) {
        this.segment = segment;
        hostSegment = Optional.of(segment);
    }

    @Override
    public long sizeBytes() {
        return segment.byteSize();
    }

    @Override
    public boolean isAlive() {
        return segment.scope().isAlive();
    }

    @Override
    public Optional<MemorySegment> hostSegment() {
        return hostSegment;
    }
}
