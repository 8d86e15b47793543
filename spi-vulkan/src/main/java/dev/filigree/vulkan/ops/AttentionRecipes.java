package dev.filigree.vulkan.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.*;
import dev.filigree.api.plan.Axes;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.vulkan.device.Matrices;
import dev.filigree.vulkan.launch.Launch;
import java.util.function.ToLongFunction;

/** Attention: one work group per query row and head, or per tile of rows where matrices serve. */
final class AttentionRecipes {
    private AttentionRecipes() {}

    static Launch dense(DenseAttention a, Tensors t, Matrices matrices) {
        AttentionTile tile = AttentionTile.of(t, matrices, a.q(), a.k(), a.v(), a.out());
        Launch launch = new Launch("denseattention/dense_attention" + tile.shader(), t)
                .spec("CAUSAL", a.masking() == Masking.CAUSAL);
        contiguous(launch, t, a.heads(), a.scale(), a.q(), a.k(), a.v(), a.qOffsets(), a.kvOffsets(), a.out(), a.lse());
        return tile.apply(launch, t, a.k(), a.v(), perSequence(a.q(), a.qOffsets(), a.heads(), t, tile));
    }

    static Launch streaming(StreamingAttention a, Tensors t, Matrices matrices) {
        AttentionTile tile = AttentionTile.of(t, matrices.onlyWorkgroup(), a.q(), a.k(), a.v(), a.out());
        Launch launch = new Launch("streamingattention/streaming_attention" + tile.shader(), t)
                .tensor("qPositions", a.qPositions())
                .tensor("kvPositions", a.kvPositions())
                .number("sink", a.pattern().sink())
                .number("recent", a.pattern().recent());
        contiguous(launch, t, a.heads(), a.scale(), a.q(), a.k(), a.v(), a.qOffsets(), a.kvOffsets(), a.out(), a.lse());
        return tile.apply(launch, t, a.k(), a.v(), perSequence(a.q(), a.qOffsets(), a.heads(), t, tile));
    }

    static Launch blockSparse(BlockSparseAttention a, Tensors t, Matrices matrices) {
        AttentionTile tile = AttentionTile.of(t, matrices, a.q(), a.k(), a.v(), a.out());
        Launch launch = new Launch("blocksparseattention/block_sparse_attention" + tile.shader(), t)
                .spec("CAUSAL", a.masking() == Masking.CAUSAL)
                .number("blockSize", a.blockSize())
                .tensor("qBlockOffsets", a.qBlockOffsets())
                .tensor("blockCounts", a.blockCounts())
                .tensor("blockIndices", a.blockIndices());
        contiguous(launch, t, a.heads(), a.scale(), a.q(), a.k(), a.v(), a.qOffsets(), a.kvOffsets(), a.out(), a.lse());
        if (tile.plain()) {
            return tile.apply(launch, t, a.k(), a.v(), axes -> 0);
        }
        long tilesPerBlock = Math.ceilDiv(a.blockSize(), tile.rows());
        launch.number("tilesPerBlock", tilesPerBlock);
        return tile.apply(
                launch,
                t,
                a.k(),
                a.v(),
                axes -> Recipes.rows(t, a.blockCounts(), axes)
                        * tilesPerBlock
                        * a.heads().numServedQoHeads());
    }

    /** Work groups where each sequence begins a tile of its own. */
    private static ToLongFunction<Axes> perSequence(
            TensorRef q, TensorRef qOffsets, HeadMap heads, Tensors t, AttentionTile tile) {
        return axes ->
                Math.max(0, Math.ceilDiv(Recipes.rows(t, q, axes), tile.rows()) + Recipes.rows(t, qOffsets, axes) - 2)
                        * heads.numServedQoHeads();
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

    static Launch merge(MergeStates m, Tensors t) {
        return new Launch("mergestates/merge_states", t)
                .tensors("outs", m.outs())
                .tensors("lses", m.lses())
                .tensor("out", m.out())
                .tensor("lse", m.lse())
                .groups(axes -> Recipes.rows(t, m.out(), axes) * t.get(m.out()).capacity(1));
    }
}
