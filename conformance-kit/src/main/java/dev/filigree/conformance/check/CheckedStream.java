package dev.filigree.conformance.check;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/** Translates buffers and checks ranges against their usable size. */
final class CheckedStream implements ExecutionStream {
    private final CheckedBackend owner;
    private final ExecutionStream inner;
    private boolean closed;

    CheckedStream(CheckedBackend owner, ExecutionStream inner) {
        this.owner = owner;
        this.inner = inner;
    }

    /** The wrapped stream, if open. */
    ExecutionStream inner() {
        if (closed) {
            throw new IllegalStateException("the stream is closed");
        }
        return inner;
    }

    @Override
    public void write(MemorySegment source, DeviceBuffer target, long targetOffsetBytes) {
        CheckedBuffer checked = within(target, targetOffsetBytes, source.byteSize());
        inner().write(source, checked.inner(), checked.guardBytes() + targetOffsetBytes);
    }

    @Override
    public void read(DeviceBuffer source, long sourceOffsetBytes, MemorySegment target) {
        CheckedBuffer checked = within(source, sourceOffsetBytes, target.byteSize());
        inner().read(checked.inner(), checked.guardBytes() + sourceOffsetBytes, target);
    }

    @Override
    public void copy(
            DeviceBuffer source, long sourceOffsetBytes, DeviceBuffer target, long targetOffsetBytes, long sizeBytes) {
        CheckedBuffer from = within(source, sourceOffsetBytes, sizeBytes);
        CheckedBuffer to = within(target, targetOffsetBytes, sizeBytes);
        inner().copy(
                        from.inner(),
                        from.guardBytes() + sourceOffsetBytes,
                        to.inner(),
                        to.guardBytes() + targetOffsetBytes,
                        sizeBytes);
    }

    @Override
    public void fill(DeviceBuffer target, long offsetBytes, long sizeBytes, byte value) {
        CheckedBuffer checked = within(target, offsetBytes, sizeBytes);
        inner().fill(checked.inner(), checked.guardBytes() + offsetBytes, sizeBytes, value);
    }

    @Override
    public void synchronize() {
        inner().synchronize();
    }

    @Override
    public void close() {
        closed = true;
        inner.close();
    }

    private CheckedBuffer within(DeviceBuffer buffer, long offsetBytes, long sizeBytes) {
        CheckedBuffer checked = owner.own(buffer);
        if (!checked.isAlive()) {
            throw new IllegalStateException("the scope of the buffer is closed");
        }
        if (offsetBytes < 0 || sizeBytes > checked.sizeBytes() - offsetBytes) {
            throw new IndexOutOfBoundsException("bytes " + offsetBytes + " to " + (offsetBytes + sizeBytes)
                    + " must lie within a buffer of " + checked.sizeBytes() + " bytes");
        }
        return checked;
    }
}
