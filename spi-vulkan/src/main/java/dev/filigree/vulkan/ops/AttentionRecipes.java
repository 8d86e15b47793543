package dev.filigree.vulkan.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.*;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import dev.filigree.vulkan.device.Matrices;
import dev.filigree.vulkan.launch.Launch;

/** Attention: one work group per query row and head. */
final class AttentionRecipes {
    /** Query rows of a work group on matrices; the same in {@code cooperative_attention.glsl}. */
    private static final int TILE_ROWS = 64;

    /** Below so many rows a tile of 64 would be nearly empty. */
    private static final long FEWEST_ROWS = 16;

    private AttentionRecipes() {}

    static Launch dense(DenseAttention a, Tensors t, Matrices matrices) {
        boolean whole = whole(t, matrices, a.q(), a.k(), a.v(), a.out());
        String path = "denseattention/dense_attention"
                + (whole ? matrices.shader(t.get(a.q()).dtype()) : "");
        Launch launch = new Launch(path, t).spec("CAUSAL", a.masking() == Masking.CAUSAL);
        contiguous(launch, t, a.heads(), a.scale(), a.q(), a.k(), a.v(), a.qOffsets(), a.kvOffsets(), a.out(), a.lse());
        if (!whole) {
            return launch;
        }
        return widths(launch, t, a.q(), a.out())
                .groups(axes -> (Math.ceilDiv(Recipes.rows(t, a.q(), axes), TILE_ROWS)
                                + Recipes.rows(t, a.qOffsets(), axes)
                                - 1)
                        * a.heads().numServedQoHeads());
    }

    /** Whether matrices serve: one 16-bit type, head dims of whole fragments, rows that are read eight elements at a time. */
    private static boolean whole(Tensors t, Matrices matrices, TensorRef q, TensorRef k, TensorRef v, TensorRef out) {
        DType dtype = t.get(q).dtype();
        boolean same = t.get(k).dtype() == dtype && t.get(v).dtype() == dtype;
        boolean fragments = fragments(t, q, matrices) && fragments(t, out, matrices);
        boolean eights = LinearRecipes.eights(t, q) && LinearRecipes.eights(t, k) && LinearRecipes.eights(t, v);
        return matrices.types().contains(dtype)
                && same
                && fragments
                && eights
                && t.get(q).capacity(0) >= FEWEST_ROWS;
    }

    private static boolean fragments(Tensors t, TensorRef ref, Matrices matrices) {
        long headDim = t.get(ref).capacity(2);
        return headDim % 16 == 0 && headDim >= 16 && headDim <= matrices.mostHeadDim();
    }

    private static Launch widths(Launch launch, Tensors t, TensorRef q, TensorRef out) {
        return launch.subgroups(4).spec("DQK", (int) t.get(q).capacity(2)).spec("DVO", (int)
                t.get(out).capacity(2));
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

    static Launch blockSparse(BlockSparseAttention a, Tensors t, Matrices matrices) {
        boolean whole = whole(t, matrices, a.q(), a.k(), a.v(), a.out());
        String path = "blocksparseattention/block_sparse_attention"
                + (whole ? matrices.shader(t.get(a.q()).dtype()) : "");
        Launch launch = new Launch(path, t)
                .spec("CAUSAL", a.masking() == Masking.CAUSAL)
                .number("blockSize", a.blockSize())
                .tensor("qBlockOffsets", a.qBlockOffsets())
                .tensor("blockCounts", a.blockCounts())
                .tensor("blockIndices", a.blockIndices());
        contiguous(launch, t, a.heads(), a.scale(), a.q(), a.k(), a.v(), a.qOffsets(), a.kvOffsets(), a.out(), a.lse());
        if (!whole) {
            return launch;
        }
        long tilesPerBlock = Math.ceilDiv(a.blockSize(), TILE_ROWS);
        return widths(launch, t, a.q(), a.out())
                .number("tilesPerBlock", tilesPerBlock)
                .groups(axes -> Recipes.rows(t, a.blockCounts(), axes)
                        * tilesPerBlock
                        * a.heads().numServedQoHeads());
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
