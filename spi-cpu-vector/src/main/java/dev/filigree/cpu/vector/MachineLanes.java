package dev.filigree.cpu.vector;

import jdk.incubator.vector.VectorShape;

/** Asks the machine; apart, so that the provider links without the vector module. */
final class MachineLanes {
    private MachineLanes() {}

    /** Bits of the machine's preferred vectors. */
    static int bits() {
        return VectorShape.preferredShape().vectorBitSize();
    }
}
