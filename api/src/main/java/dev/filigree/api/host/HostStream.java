package dev.filigree.api.host;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/** A stream whose work is done when the call returns. */
final class HostStream implements ExecutionStream {

    static MemorySegment segment(DeviceBuffer buffer) {
        return buffer.hostSegment()
                .orElseThrow(
                        () -> new IllegalArgumentException("buffer belongs to another backend: not in host memory"));
    }

    @Override
    public void write(MemorySegment source, DeviceBuffer target, long targetOffsetBytes) {
        MemorySegment.copy(source, 0, segment(target), targetOffsetBytes, source.byteSize());
    }

    @Override
    public void read(DeviceBuffer source, long sourceOffsetBytes, MemorySegment target) {
        MemorySegment.copy(segment(source), sourceOffsetBytes, target, 0, target.byteSize());
    }

    @Override
    public void copy(
            DeviceBuffer source, long sourceOffsetBytes, DeviceBuffer target, long targetOffsetBytes, long sizeBytes) {
        MemorySegment.copy(segment(source), sourceOffsetBytes, segment(target), targetOffsetBytes, sizeBytes);
    }

    @Override
    public void fill(DeviceBuffer target, long offsetBytes, long sizeBytes, byte value) {
        segment(target).asSlice(offsetBytes, sizeBytes).fill(value);
    }

    @Override
    public void synchronize() {}

    @Override
    public void close() {}
}
