package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Small list and cost helpers shared by the op records. */
final class Refs {
    private Refs() {}

    @SafeVarargs
    static List<TensorRef> list(List<TensorRef> always, Optional<TensorRef>... maybe) {
        List<TensorRef> all = new ArrayList<>(always);
        for (Optional<TensorRef> ref : maybe) {
            ref.ifPresent(all::add);
        }
        return List.copyOf(all);
    }

    /** Bytes of one row of a tensor: all axes but the first. */
    static double rowBytes(TensorDecl decl) {
        return decl.rowElements() * (double) decl.dtype().bits() / 8;
    }

    /** The cost of reading and writing one row per token. */
    static Cost perToken(
            Tensors tensors, Workload load, List<TensorRef> in, List<TensorRef> out, double flopsPerToken) {
        double read = 0;
        for (TensorRef ref : in) {
            read += rowBytes(tensors.get(ref));
        }
        double written = 0;
        for (TensorRef ref : out) {
            written += rowBytes(tensors.get(ref));
        }
        return new Cost(flopsPerToken * load.numTokens(), read * load.numTokens(), written * load.numTokens());
    }
}
