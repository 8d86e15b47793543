package dev.filigree.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/** A stream. Not thread-safe. */
public final class CudaStreamHandle implements AutoCloseable {
    private final CudaContext context;
    private final FastCalls calls;
    private final Handles.Stream stream = new Handles.Stream();
    private final CUevent mark = new CUevent();
    private boolean closed;

    CudaStreamHandle(CudaContext context) {
        this.context = context;
        this.calls = context.calls();
        Check.ok(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
        Check.ok(JCudaDriver.cuEventCreate(mark, CUevent_flags.CU_EVENT_DISABLE_TIMING), "cuEventCreate");
    }

    long address() {
        if (closed) {
            throw new IllegalStateException("the stream is closed");
        }
        return stream.address();
    }

    /** Copies host bytes; the source may change when the call returns. */
    public void copyIn(MemorySegment source, long target) {
        context.makeCurrent();
        if (source.byteSize() == 0) {
            return;
        }
        if (source.isNative()) {
            Check.ok(calls.memcpyHtoDAsync(target, source, source.byteSize(), address()), "cuMemcpyHtoDAsync");
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(source.byteSize(), 16).copyFrom(source);
            Check.ok(calls.memcpyHtoDAsync(target, copy, copy.byteSize(), address()), "cuMemcpyHtoDAsync");
            synchronize();
        }
    }

    /** Copies device bytes to the host and waits. */
    public void copyOut(long source, MemorySegment target) {
        context.makeCurrent();
        if (target.byteSize() == 0) {
            synchronize();
            return;
        }
        if (target.isNative()) {
            Check.ok(calls.memcpyDtoHAsync(target, source, target.byteSize(), address()), "cuMemcpyDtoHAsync");
            synchronize();
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(target.byteSize(), 16);
            Check.ok(calls.memcpyDtoHAsync(copy, source, copy.byteSize(), address()), "cuMemcpyDtoHAsync");
            synchronize();
            target.copyFrom(copy);
        }
    }

    /** Copies between buffers. */
    public void copy(long source, long target, long bytes) {
        context.makeCurrent();
        if (bytes > 0) {
            Check.ok(calls.memcpyDtoDAsync(target, source, bytes, address()), "cuMemcpyDtoDAsync");
        }
    }

    /** Fills bytes. */
    public void fill(long target, long bytes, byte value) {
        context.makeCurrent();
        if (bytes > 0) {
            Check.ok(calls.memsetD8Async(target, value, bytes, address()), "cuMemsetD8Async");
        }
    }

    /** Launches a kernel. */
    public void launch(KernelCall call) {
        Check.ok(
                calls.launchKernel(
                        call.kernel(), call.grid(), call.threads(), call.sharedBytes(), address(), call.parameters()),
                "cuLaunchKernel");
    }

    /** Launches a recording. */
    public void launch(Recording recording) {
        Check.ok(calls.graphLaunch(recording.address(), address()), "cuGraphLaunch");
    }

    /** Makes later work of this stream wait for what another has been given so far. */
    public void waitFor(CudaStreamHandle other) {
        if (other.closed || other == this) {
            return; // a stream is closed after its work is done
        }
        context.makeCurrent();
        Check.ok(JCudaDriver.cuEventRecord(other.mark, other.stream), "cuEventRecord");
        Check.ok(JCudaDriver.cuStreamWaitEvent(stream, other.mark, 0), "cuStreamWaitEvent");
    }

    /** Waits until all work is done. */
    public void synchronize() {
        context.makeCurrent();
        Check.ok(JCudaDriver.cuStreamSynchronize(stream), "cuStreamSynchronize");
    }

    @Override
    public void close() {
        if (!closed) {
            try {
                synchronize();
            } finally {
                closed = true;
                Check.ok(JCudaDriver.cuEventDestroy(mark), "cuEventDestroy");
                Check.ok(JCudaDriver.cuStreamDestroy(stream), "cuStreamDestroy");
            }
        }
    }
}
