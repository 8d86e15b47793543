package dev.filigree.cpu.vector.lanes;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * All native memory as one segment, so that kernels take plain addresses.
 *
 * <p>Why kernels do not take the segments of the tensors: the JIT knows the class of a segment that arrives as an argument
 * only from what its shared accessors happened to see. Once anything in the process touched a heap segment with vectors (the
 * Vector API's own fallbacks do while it warms up), every access gets barriers and runs 4 to 30 times slower. A segment
 * whose class was compared with a constant is known exactly, whatever else runs; it must not be a constant itself, because
 * the address arithmetic on a constant segment compiles to worse code (130 instead of 165 GFLOP/s in the GEMM
 * micro-kernel).
 *
 * <p>Whoever calls a kernel has checked that the ranges lie inside live native segments; {@link #address} does it for a
 * range.
 */
public final class Memory {
    private static final Class<? extends MemorySegment> NATIVE = everything().getClass();

    /** Deliberately not final, see above. */
    private static MemorySegment all = everything();

    private Memory() {}

    /** Returns the segment from address 0 to the largest; an offset into it is an address. */
    public static MemorySegment all() {
        MemorySegment segment = all;
        if (segment.getClass() != NATIVE) {
            throw new IllegalStateException("the memory view has class " + segment.getClass() + ", not " + NATIVE);
        }
        return segment;
    }

    /**
     * Returns the address of a range after checking it.
     *
     * @param segment native memory
     * @param offset byte offset of the range
     * @param size bytes of the range
     * @throws IllegalArgumentException if the memory is on the heap
     * @throws IllegalStateException if the memory was freed
     * @throws IndexOutOfBoundsException if the range does not fit
     */
    public static long address(MemorySegment segment, long offset, long size) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("a tensor lies in heap memory; accepted is native memory");
        }
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException(
                    "a tensor lies in memory that was freed; accepted is memory of an open scope");
        }
        Objects.checkFromIndexSize(offset, size, segment.byteSize());
        return segment.address() + offset;
    }

    // The one restricted call of this module.
    @SuppressWarnings("restricted")
    private static MemorySegment everything() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }
}
