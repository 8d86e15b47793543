package dev.filigree.cuda;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.cuda.driver.CudaException;
import dev.filigree.cuda.driver.CudaStreamHandle;
import java.lang.foreign.MemorySegment;

/** A stream of the device. A failure names the plan that was enqueued last. */
final class CudaStream implements ExecutionStream {
    private final CudaStreamHandle handle;
    private String last = "nothing but copies";

    CudaStream(CudaStreamHandle handle) {
        this.handle = handle;
    }

    CudaStreamHandle handle() {
        return handle;
    }

    /** Says what was enqueued, for the message of a failure that shows later. */
    void enqueued(String plan) {
        last = plan;
    }

    @Override
    public void write(MemorySegment source, DeviceBuffer target, long targetOffsetBytes) {
        handle.copyIn(source, CudaBuffer.address(target, targetOffsetBytes, source.byteSize()));
    }

    @Override
    public void read(DeviceBuffer source, long sourceOffsetBytes, MemorySegment target) {
        long address = CudaBuffer.address(source, sourceOffsetBytes, target.byteSize());
        named(() -> handle.copyOut(address, target));
    }

    @Override
    public void copy(
            DeviceBuffer source, long sourceOffsetBytes, DeviceBuffer target, long targetOffsetBytes, long sizeBytes) {
        handle.copy(
                CudaBuffer.address(source, sourceOffsetBytes, sizeBytes),
                CudaBuffer.address(target, targetOffsetBytes, sizeBytes),
                sizeBytes);
    }

    @Override
    public void fill(DeviceBuffer target, long offsetBytes, long sizeBytes, byte value) {
        handle.fill(CudaBuffer.address(target, offsetBytes, sizeBytes), sizeBytes, value);
    }

    @Override
    public void synchronize() {
        named(handle::synchronize);
    }

    private void named(Runnable wait) {
        try {
            wait.run();
        } catch (CudaException e) {
            throw new CudaException("work of a stream failed, last enqueued " + last, e);
        }
    }

    @Override
    public void close() {
        handle.close();
    }
}
