package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;

/** Checks and costs that the attention ops share. */
final class AttentionChecks {
    private AttentionChecks() {}

    static void queries(String op, Tensors tensors, HeadMap heads, TensorRef q, TensorRef out, TensorRef lse) {
        query(op, tensors, heads, q);
        TensorDecl outDecl = tensors.requireRank(op, tensors.requireFloat(op, out), 3);
        tensors.requireExtent(op, outDecl, 1, heads.numQoHeads());
        TensorDecl lseDecl = tensors.requireRank(op, tensors.require(op, lse, DType.F32), 2);
        tensors.requireExtent(op, lseDecl, 1, heads.numQoHeads());
        innermostDense(op, outDecl);
    }

    static TensorDecl query(String op, Tensors tensors, HeadMap heads, TensorRef q) {
        TensorDecl qDecl = tensors.requireRank(op, tensors.requireFloat(op, q), 3);
        tensors.requireExtent(op, qDecl, 1, heads.numQoHeads());
        innermostDense(op, qDecl);
        return qDecl;
    }

    static void keys(String op, Tensors tensors, HeadMap heads, TensorRef q, TensorRef k, TensorRef v, TensorRef out) {
        key(op, tensors, heads, q, k);
        TensorDecl vDecl =
                tensors.requireRank(op, tensors.require(op, v, tensors.get(k).dtype()), 3);
        tensors.requireExtent(op, vDecl, 2, tensors.get(out).capacity(2));
        slots(op, vDecl, heads);
        innermostDense(op, vDecl);
    }

    static void key(String op, Tensors tensors, HeadMap heads, TensorRef q, TensorRef k) {
        TensorDecl kDecl = tensors.requireRank(op, tensors.requireFloat(op, k), 3);
        tensors.requireExtent(op, kDecl, 2, tensors.get(q).capacity(2));
        slots(op, kDecl, heads);
        innermostDense(op, kDecl);
    }

    private static void slots(String op, TensorDecl decl, HeadMap heads) {
        for (int slot : heads.kvSlots()) {
            if (slot >= decl.capacity(1)) {
                throw new PlanException(op + ": KV slot " + slot + " must be below the head axis of tensor " + decl);
            }
        }
    }

    private static void innermostDense(String op, TensorDecl decl) {
        if (decl.strides().step(decl.rank() - 1) != 1) {
            throw new PlanException(op + ": the innermost axis of tensor " + decl + " must have stride 1");
        }
    }

    /** The cost of {@code pairs} query/key pairs per query head over {@code kvTokens} keys read once per KV head. */
    static Cost cost(
            Tensors tensors,
            Workload load,
            HeadMap heads,
            TensorRef q,
            TensorRef k,
            TensorRef v,
            TensorRef out,
            double pairs,
            double kvTokens) {
        TensorDecl qDecl = tensors.get(q);
        TensorDecl outDecl = tensors.get(out);
        long dims = qDecl.capacity(2) + outDecl.capacity(2);
        double share = heads.numServedQoHeads() / (double) heads.numQoHeads();
        double kvBytes = heads.numServedKvHeads()
                * (qDecl.capacity(2) * tensors.get(k).dtype().bits() / 8.0
                        + outDecl.capacity(2) * tensors.get(v).dtype().bits() / 8.0);
        return new Cost(
                2 * pairs * dims * heads.numServedQoHeads(),
                load.numTokens() * Refs.rowBytes(qDecl) * share + kvTokens * kvBytes,
                load.numTokens() * (Refs.rowBytes(outDecl) + 4.0 * heads.numQoHeads()) * share);
    }
}
