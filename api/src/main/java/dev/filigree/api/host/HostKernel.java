package dev.filigree.api.host;

/**
 * One prepared step. Holds the {@link HostTensor}s it was made with; {@link #run} reads their current bytes and
 * extents.
 */
@FunctionalInterface
public interface HostKernel {

    /** Does the step. Allocates nothing. */
    void run();
}
