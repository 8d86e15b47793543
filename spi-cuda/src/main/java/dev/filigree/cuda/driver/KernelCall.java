package dev.filigree.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * A kernel with everything that its launch takes.
 *
 * @param kernel the driver's function
 * @param grid blocks along three axes
 * @param threads per block
 * @param sharedBytes dynamic shared memory per block
 * @param parameters addresses of the parameters; what they point at is read at each launch, or at each update of a recording
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record KernelCall(long kernel, int[] grid, int threads, int sharedBytes, MemorySegment parameters) {}
