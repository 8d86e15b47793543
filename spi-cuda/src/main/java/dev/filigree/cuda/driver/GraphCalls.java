package dev.filigree.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Driver calls that JCuda lacks or that take structures it copies element by element: kernel nodes of graphs and tensor maps.
 * Structures are the first versions of the driver's, which every driver since CUDA 12 answers.
 */
final class GraphCalls {
    /** CUDA_KERNEL_NODE_PARAMS_v1: function, grid, block, shared bytes, parameters, extra. */
    private static final int NODE_BYTES = 56;

    private static final int SHARED = 32;
    private static final int PARAMETERS = 40;

    private final MethodHandle addKernelNode;
    private final MethodHandle setParams;
    private final MethodHandle encodeTiled;

    /** Binds the calls; throws an IllegalArgumentException if there is no driver. */
    GraphCalls() {
        SymbolLookup driver = SymbolLookup.libraryLookup("libcuda.so.1", Arena.global());
        addKernelNode = bind(driver, "cuGraphAddKernelNode", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
        setParams = bind(driver, "cuGraphExecKernelNodeSetParams", JAVA_LONG, JAVA_LONG, ADDRESS);
        encodeTiled = bind(
                driver,
                "cuTensorMapEncodeTiled",
                ADDRESS,
                JAVA_INT,
                JAVA_INT,
                JAVA_LONG,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT);
    }

    private static MethodHandle bind(SymbolLookup library, String name, MemoryLayout... arguments) {
        return Linker.nativeLinker()
                .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    /** Lays out a node's parameters. */
    static MemorySegment node(KernelCall call, Arena arena) {
        MemorySegment node = arena.allocate(NODE_BYTES, Long.BYTES);
        node.set(JAVA_LONG, 0, call.kernel());
        int[] extents = {call.grid()[0], call.grid()[1], call.grid()[2], call.threads(), 1, 1};
        MemorySegment.copy(extents, 0, node, JAVA_INT, Long.BYTES, extents.length);
        node.set(JAVA_INT, SHARED, call.sharedBytes());
        node.set(ValueLayout.ADDRESS, PARAMETERS, call.parameters());
        return node;
    }

    /** Appends a kernel to a graph after another, or first if {@code after} is 0; answers with the node. */
    long add(long graph, long after, MemorySegment node, Arena arena) {
        MemorySegment handle = arena.allocate(JAVA_LONG);
        MemorySegment before = arena.allocate(JAVA_LONG);
        before.set(JAVA_LONG, 0, after);
        try {
            Check.ok(
                    (int) addKernelNode.invokeExact(handle, graph, before, after == 0 ? 0L : 1L, node),
                    "cuGraphAddKernelNode");
        } catch (Throwable e) {
            throw FastCalls.unexpected(e);
        }
        return handle.get(JAVA_LONG, 0);
    }

    /** Gives a node of an instantiated graph other parameters, for launches from now on. */
    void update(long exec, long node, MemorySegment parameters) {
        try {
            Check.ok((int) setParams.invokeExact(exec, node, parameters), "cuGraphExecKernelNodeSetParams");
        } catch (Throwable e) {
            throw FastCalls.unexpected(e);
        }
    }

    /** Encodes a tensor map with 128-byte swizzle and zeros beyond the extents. {@code lists}: extents, strides, box, steps. */
    void encode(MemorySegment map, int type, int rank, long address, MemorySegment[] lists) {
        try {
            Check.ok(
                    (int) encodeTiled.invokeExact(
                            map, type, rank, address, lists[0], lists[1], lists[2], lists[3], 0, 3, 2, 0),
                    "cuTensorMapEncodeTiled");
        } catch (Throwable e) {
            throw FastCalls.unexpected(e);
        }
    }
}
