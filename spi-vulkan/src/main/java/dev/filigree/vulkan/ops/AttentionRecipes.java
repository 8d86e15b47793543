package dev.filigree.vulkan.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.*;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.vulkan.launch.Launch;

/** Attention: one work group per query row and head. */
final class AttentionRecipes {
    private AttentionRecipes() {}

    static Launch dense(DenseAttention a, Tensors t) {
        Launch launch = new Launch("denseattention/dense_attention", t).spec("CAUSAL", a.masking() == Masking.CAUSAL);
        return contiguous(
                launch, t, a.heads(), a.scale(), a.q(), a.k(), a.v(), a.qOffsets(), a.kvOffsets(), a.out(), a.lse());
    }

    static Launch streaming(StreamingAttention a, Tensors t) {
        Launch launch = new Launch("streamingattention/streaming_attention", t)
                .tensor("qPositions", a.qPositions())
                .tensor("kvPositions", a.kvPositions())
                .number("sink", a.pattern().sink())
                .number("recent", a.pattern().recent());
        return contiguous(
                launch, t, a.heads(), a.scale(), a.q(), a.k(), a.v(), a.qOffsets(), a.kvOffsets(), a.out(), a.lse());
    }

    static Launch blockSparse(BlockSparseAttention a, Tensors t) {
        Launch launch = new Launch("blocksparseattention/block_sparse_attention", t)
                .spec("CAUSAL", a.masking() == Masking.CAUSAL)
                .number("blockSize", a.blockSize())
                .tensor("qBlockOffsets", a.qBlockOffsets())
                .tensor("blockCounts", a.blockCounts())
                .tensor("blockIndices", a.blockIndices());
        return contiguous(
                launch, t, a.heads(), a.scale(), a.q(), a.k(), a.v(), a.qOffsets(), a.kvOffsets(), a.out(), a.lse());
    }

    private static Launch contiguous(
            Launch launch,
            Tensors t,
            HeadMap heads,
            float scale,
            TensorRef q,
            TensorRef k,
            TensorRef v,
            TensorRef qOffsets,
            TensorRef kvOffsets,
            TensorRef out,
            TensorRef lse) {
        return launch.tensor("q", q)
                .tensor("k", k)
                .tensor("v", v)
                .tensor("qOffsets", qOffsets)
                .tensor("kvOffsets", kvOffsets)
                .tensor("out", out)
                .tensor("lse", lse)
                .real("scale", scale)
                .heads(heads)
                .groups(axes -> Recipes.rows(t, q, axes) * heads.numServedQoHeads());
    }

    static Launch paged(PagedAttention a, Tensors t) {
        boolean perHead = a.choice()
                .map(c -> c.scope() == PageChoice.SelectionScope.QUERY_HEAD)
                .orElse(true);
        Launch launch = new Launch("pagedattention/paged_attention", t)
                .spec("STREAMING", a.pattern() instanceof HeadPattern.Streaming)
                .spec("CHOSEN", a.choice().isPresent())
                .tensor("q", a.q())
                .tensor("qOffsets", a.qOffsets())
                .tensor("kvLengths", a.kvLengths())
                .tensor("counts", a.choice().map(PageChoice::counts))
                .tensor("chosen", a.choice().map(PageChoice::pages))
                .tensor("slots", a.choice().map(PageChoice::slots))
                .tensor("out", a.out())
                .tensor("lse", a.lse())
                .real("scale", a.scale())
                .heads(a.heads())
                .number("headsPerList", perHead ? 1 : a.heads().groupSize())
                .groups(axes -> Recipes.rows(t, a.q(), axes) * a.heads().numServedQoHeads());
        if (a.pattern() instanceof HeadPattern.Streaming(int sink, int recent)) {
            launch.number("sink", sink).number("recent", recent);
        }
        return CacheRecipes.pages(launch, a.kv());
    }

    static Launch merge(MergeStates m, Tensors t) {
        return new Launch("mergestates/merge_states", t)
                .tensors("outs", m.outs())
                .tensors("lses", m.lses())
                .tensor("out", m.out())
                .tensor("lse", m.lse())
                .groups(axes -> Recipes.rows(t, m.out(), axes) * t.get(m.out()).capacity(1));
    }
}
