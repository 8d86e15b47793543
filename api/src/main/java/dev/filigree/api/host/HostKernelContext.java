package dev.filigree.api.host;

import dev.filigree.api.plan.TensorRef;
import java.lang.foreign.MemorySegment;

/** What a kernel factory is given when a plan is prepared. */
public interface HostKernelContext {

    /** The tensor of a name; the same object for every step of the plan. */
    HostTensor tensor(TensorRef ref);

    /**
     * The kernel's scratch in the current run, of the size it asked for in its {@link
     * dev.filigree.api.backend.Support}; 256-byte aligned, content undefined. Ask inside {@link
     * HostKernel#run}, not before.
     */
    Scratch scratch();

    /** Bytes that move between runs. */
    interface Scratch {
        /** The workspace that holds the scratch. */
        MemorySegment segment();

        /** Where the scratch starts in it. */
        long offsetBytes();
    }
}
