package dev.filigree.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The driver calls of every step, bound directly: they take addresses as numbers, make no garbage, and cost half of what the
 * same call costs through JCuda. A context must be current on the thread.
 */
final class FastCalls {
    private final MethodHandle memAllocAsync;
    private final MethodHandle memFreeAsync;
    private final MethodHandle memsetD8Async;
    private final MethodHandle memcpyHtoDAsync;
    private final MethodHandle memcpyDtoHAsync;
    private final MethodHandle memcpyDtoDAsync;
    private final MethodHandle launchKernel;
    private final MethodHandle graphLaunch;

    /** Binds the calls; throws an IllegalArgumentException if there is no driver. */
    FastCalls() {
        SymbolLookup driver = SymbolLookup.libraryLookup("libcuda.so.1", Arena.global());
        memAllocAsync = bind(driver, "cuMemAllocAsync", ADDRESS, JAVA_LONG, JAVA_LONG);
        memFreeAsync = bind(driver, "cuMemFreeAsync", JAVA_LONG, JAVA_LONG);
        memsetD8Async = bind(driver, "cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, JAVA_LONG);
        memcpyHtoDAsync = bind(driver, "cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
        memcpyDtoHAsync = bind(driver, "cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        memcpyDtoDAsync = bind(driver, "cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        launchKernel = bind(
                driver,
                "cuLaunchKernel",
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_LONG,
                ADDRESS,
                ADDRESS);
        graphLaunch = bind(driver, "cuGraphLaunch", JAVA_LONG, JAVA_LONG);
    }

    private static MethodHandle bind(SymbolLookup library, String name, MemoryLayout... arguments) {
        return Linker.nativeLinker()
                .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    int memAllocAsync(MemorySegment target, long bytes, long stream) {
        try {
            return (int) memAllocAsync.invokeExact(target, bytes, stream);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    int memFreeAsync(long address, long stream) {
        try {
            return (int) memFreeAsync.invokeExact(address, stream);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    int memsetD8Async(long address, byte value, long bytes, long stream) {
        try {
            return (int) memsetD8Async.invokeExact(address, value, bytes, stream);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    int memcpyHtoDAsync(long target, MemorySegment source, long bytes, long stream) {
        try {
            return (int) memcpyHtoDAsync.invokeExact(target, source, bytes, stream);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    int memcpyDtoHAsync(MemorySegment target, long source, long bytes, long stream) {
        try {
            return (int) memcpyDtoHAsync.invokeExact(target, source, bytes, stream);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    int memcpyDtoDAsync(long target, long source, long bytes, long stream) {
        try {
            return (int) memcpyDtoDAsync.invokeExact(target, source, bytes, stream);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    int launchKernel(long function, int[] grid, int threads, int sharedBytes, long stream, MemorySegment parameters) {
        try {
            return (int) launchKernel.invokeExact(
                    function,
                    grid[0],
                    grid[1],
                    grid[2],
                    threads,
                    1,
                    1,
                    sharedBytes,
                    stream,
                    parameters,
                    MemorySegment.NULL);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    int graphLaunch(long graph, long stream) {
        try {
            return (int) graphLaunch.invokeExact(graph, stream);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static RuntimeException unexpected(Throwable e) {
        if (e instanceof RuntimeException runtime) {
            return runtime;
        }
        return new IllegalStateException(e);
    }
}
