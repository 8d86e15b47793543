package dev.filigree.cpu.vector;

import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/** A scope whose buffers are all native memory: data on the heap is copied, because kernels work on addresses. */
final class NativeScope implements BufferScope {
    private final BufferScope scope;

    NativeScope(BufferScope scope) {
        this.scope = scope;
    }

    @Override
    public DeviceBuffer allocate(long sizeBytes) {
        return scope.allocate(sizeBytes);
    }

    @Override
    public DeviceBuffer upload(MemorySegment data) {
        if (data.isNative()) {
            return scope.upload(data);
        }
        DeviceBuffer copy = scope.allocate(data.byteSize());
        copy.hostSegment().orElseThrow().copyFrom(data);
        return copy;
    }

    @Override
    public long allocatedBytes() {
        return scope.allocatedBytes();
    }

    @Override
    public void close() {
        scope.close();
    }
}
