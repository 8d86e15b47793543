package dev.filigree.conformance.problem;

import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.tensor.Strides;

/** How the rows of a tensor lie in memory. */
public enum Layout {
    /** Side by side. */
    CONTIGUOUS,
    /** A slice of wider rows, as q, k and v are of a fused projection. */
    SLICED,
    /** Heads outermost: each head's tokens lie side by side. */
    HEADS_FIRST;

    /** The strides of a contiguous declaration in this layout. */
    Strides strides(TensorDecl decl) {
        if (decl.rank() != 3 || this == CONTIGUOUS) {
            return decl.strides();
        }
        long width = decl.capacity(2);
        return this == SLICED
                ? Strides.of(decl.capacity(1) * width + 2 * width, width, 1)
                : Strides.of(width, decl.capacity(0) * width, 1);
    }
}
