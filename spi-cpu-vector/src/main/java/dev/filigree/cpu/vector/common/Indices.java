package dev.filigree.cpu.vector.common;

import dev.filigree.api.host.HostTensor;
import dev.filigree.cpu.vector.lanes.Memory;

/** Access to i32 vectors as addresses. */
public final class Indices {
    private Indices() {}

    /**
     * Address of the first entry, after checking that all are there.
     *
     * @throws IllegalArgumentException if entries do not lie side by side
     */
    public static long address(HostTensor tensor) {
        if (tensor.extent(0) > 1 && tensor.stride(0) != 1) {
            throw new IllegalArgumentException("tensor " + tensor + " must have stride 1");
        }
        return Memory.address(tensor.segment(), tensor.offsetBytes(), 4 * tensor.extent(0));
    }
}
