package dev.filigree.cuda.driver;

import dev.filigree.cuda.launch.DeviceTraits;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** The primary context of one device: memory, streams, kernels. Thread-safe; each call makes it current on its thread. */
public final class CudaContext implements AutoCloseable {
    private static final int DEFAULT_SHARED_BYTES = 48 << 10;

    private final FastCalls calls;
    private final DeviceTraits traits;
    private final CUdevice device;
    private final CUcontext context = new CUcontext();
    private final CudaStreamHandle memoryStream;
    private final GraphCalls graphCalls = new GraphCalls();
    private final List<CUmodule> modules = new ArrayList<>();
    private boolean closed;

    CudaContext(FastCalls calls, DeviceTraits traits, CUdevice device) {
        this.calls = calls;
        this.traits = traits;
        this.device = device;
        Check.ok(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        memoryStream = openStream();
    }

    /** What it runs on. */
    public DeviceTraits traits() {
        return traits;
    }

    FastCalls calls() {
        return calls;
    }

    GraphCalls graphCalls() {
        return graphCalls;
    }

    /** Makes the context current on the calling thread. */
    public void makeCurrent() {
        if (closed) {
            throw new IllegalStateException("the backend of " + traits.name() + " is closed");
        }
        Check.ok(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    /** Loads more kernels: a fatbin, from which the driver takes the image that fits. */
    public void loadKernels(byte[] image) {
        makeCurrent();
        CUmodule loaded = new CUmodule();
        Check.ok(JCudaDriver.cuModuleLoadData(loaded, image), "cuModuleLoadData");
        modules.add(loaded);
    }

    /**
     * A kernel by its symbol.
     *
     * @param sharedBytes dynamic shared memory that its launches ask for
     */
    public long kernel(String symbol, int sharedBytes) {
        makeCurrent();
        Handles.Function function = new Handles.Function();
        int code = CUresult.CUDA_ERROR_NOT_FOUND;
        for (int i = 0; i < modules.size() && code == CUresult.CUDA_ERROR_NOT_FOUND; i++) {
            code = JCudaDriver.cuModuleGetFunction(function, modules.get(i), symbol);
        }
        Check.ok(code, "cuModuleGetFunction(" + symbol + ")");
        if (sharedBytes > DEFAULT_SHARED_BYTES) {
            Check.ok(
                    JCudaDriver.cuFuncSetAttribute(
                            function,
                            CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                            sharedBytes),
                    "cuFuncSetAttribute(" + symbol + ")");
        }
        return function.address();
    }

    /** Opens a stream. */
    public CudaStreamHandle openStream() {
        makeCurrent();
        return new CudaStreamHandle(this);
    }

    /** Allocates zeroed memory from the device's stream-ordered pool; it is ready when the call returns. */
    public long allocate(long bytes) {
        makeCurrent();
        long address;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment slot = arena.allocate(ValueLayout.JAVA_LONG);
            Check.ok(calls.memAllocAsync(slot, bytes, memoryStream.address()), "cuMemAllocAsync");
            address = slot.get(ValueLayout.JAVA_LONG, 0);
        }
        try {
            Check.ok(calls.memsetD8Async(address, (byte) 0, bytes, memoryStream.address()), "cuMemsetD8Async");
            memoryStream.synchronize();
        } catch (CudaException e) {
            calls.memFreeAsync(address, memoryStream.address());
            throw e;
        }
        return address;
    }

    /** Gives memory back; no work that uses it may be in flight. */
    public void free(long address) {
        makeCurrent();
        Check.ok(calls.memFreeAsync(address, memoryStream.address()), "cuMemFreeAsync");
    }

    /** Copies host bytes to the device and waits. */
    public void upload(MemorySegment source, long target) {
        memoryStream.copyIn(source, target);
        memoryStream.synchronize();
    }

    /** Free and total bytes of the device. */
    public long[] memory() {
        makeCurrent();
        long[] free = new long[1];
        long[] total = new long[1];
        Check.ok(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
        return new long[] {free[0], total[0]};
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            memoryStream.close();
            closed = true;
            Check.ok(JCudaDriver.cuDevicePrimaryCtxRelease(device), "cuDevicePrimaryCtxRelease");
        }
    }
}
