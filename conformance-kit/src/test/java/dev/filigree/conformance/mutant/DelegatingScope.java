package dev.filigree.conformance.mutant;

import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/** Another scope, to be changed in one place. */
class DelegatingScope implements BufferScope {
    private final BufferScope inner;

    DelegatingScope(BufferScope inner) {
        this.inner = inner;
    }

    @Override
    public DeviceBuffer allocate(long sizeBytes) {
        return inner.allocate(sizeBytes);
    }

    @Override
    public DeviceBuffer upload(MemorySegment data) {
        return inner.upload(data);
    }

    @Override
    public long allocatedBytes() {
        return inner.allocatedBytes();
    }

    @Override
    public void close() {
        inner.close();
    }
}
