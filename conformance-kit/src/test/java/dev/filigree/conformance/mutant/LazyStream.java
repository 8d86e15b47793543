package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Holds writes back until somebody waits, so that runs in between see old bytes. */
final class LazyStream implements ExecutionStream {
    private final ExecutionStream inner;
    private final List<Runnable> waiting = new ArrayList<>();

    LazyStream(ExecutionStream inner) {
        this.inner = inner;
    }

    private void flush() {
        waiting.forEach(Runnable::run);
        waiting.clear();
    }

    @Override
    public void write(MemorySegment source, DeviceBuffer target, long targetOffsetBytes) {
        byte[] bytes = source.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        waiting.add(() -> inner.write(MemorySegment.ofArray(bytes), target, targetOffsetBytes));
    }

    @Override
    public void read(DeviceBuffer source, long sourceOffsetBytes, MemorySegment target) {
        flush();
        inner.read(source, sourceOffsetBytes, target);
    }

    @Override
    public void copy(
            DeviceBuffer source, long sourceOffsetBytes, DeviceBuffer target, long targetOffsetBytes, long sizeBytes) {
        inner.copy(source, sourceOffsetBytes, target, targetOffsetBytes, sizeBytes);
    }

    @Override
    public void fill(DeviceBuffer target, long offsetBytes, long sizeBytes, byte value) {
        inner.fill(target, offsetBytes, sizeBytes, value);
    }

    @Override
    public void synchronize() {
        flush();
        inner.synchronize();
    }

    @Override
    public void close() {
        inner.close();
    }
}
