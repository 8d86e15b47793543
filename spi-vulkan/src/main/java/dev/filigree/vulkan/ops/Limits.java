package dev.filigree.vulkan.ops;

import dev.filigree.api.backend.Reason;
import dev.filigree.api.op.*;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import java.util.ArrayList;
import java.util.List;

/** What the shaders cannot do: their arrays in shared memory are fixed. */
public final class Limits {
    private static final long MAX_HEAD_DIM = 512;
    private static final int SET_WORDS = 4096;
    private static final int MAX_GROUP = 128;

    private Limits() {}

    /** Why an op does not run; empty if it does. */
    public static List<Reason> reasons(Op op, Tensors tensors) {
        List<Reason> reasons = new ArrayList<>();
        List<TensorRef> all = new ArrayList<>(op.inputs());
        all.addAll(op.outputs());
        for (TensorRef ref : all) {
            TensorDecl decl = tensors.get(ref);
            if (decl.rank() > 4) {
                reasons.add(Reason.of(Reason.Kind.LAYOUT, "tensor " + decl + " must have at most 4 axes"));
            }
        }
        switch (op) {
            case DenseAttention a -> headDims(reasons, tensors, a.q(), a.out());
            case StreamingAttention a -> headDims(reasons, tensors, a.q(), a.out());
            case BlockSparseAttention a -> headDims(reasons, tensors, a.q(), a.out());
            case PagedAttention a -> headDims(reasons, tensors, a.q(), a.out());
            case KvAppend k -> headDims(reasons, tensors, k.k(), k.v());
            case KvDequantize k -> headDims(reasons, tensors, k.k(), k.v());
            case BlockSelect b -> {
                long words =
                        b.heads().groupSize() * ((tensors.get(b.blockMass()).capacity(2) + 31) / 32);
                atMost(reasons, "key blocks of a group, in words of 32,", words, SET_WORDS);
                atMost(reasons, "query heads per KV head", b.heads().groupSize(), MAX_GROUP);
            }
            case PageSelect p ->
                atMost(reasons, "pages of a sequence", tensors.get(p.scores()).capacity(2), 32L * SET_WORDS);
            default -> {}
        }
        return reasons;
    }

    private static void headDims(List<Reason> reasons, Tensors tensors, TensorRef... refs) {
        for (TensorRef ref : refs) {
            atMost(reasons, "the head dim of tensor " + ref, tensors.get(ref).capacity(2), MAX_HEAD_DIM);
        }
    }

    private static void atMost(List<Reason> reasons, String what, long actual, long limit) {
        if (actual > limit) {
            reasons.add(Reason.of(Reason.Kind.SHAPE, what + " must be at most " + limit + ", not " + actual));
        }
    }
}
