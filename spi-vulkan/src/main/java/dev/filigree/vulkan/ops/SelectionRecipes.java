package dev.filigree.vulkan.ops;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.*;
import dev.filigree.api.plan.Tensors;
import dev.filigree.vulkan.launch.Launch;

/** Scores and choices of blocks and pages. */
final class SelectionRecipes {
    private SelectionRecipes() {}

    static Launch antidiagonal(AntidiagonalScore a, Tensors t) {
        return new Launch("antidiagonalscore/antidiagonal_score", t)
                .spec("CAUSAL", a.masking() == Masking.CAUSAL)
                .spec("ALTERNATING", a.residues() == AntidiagonalScore.Residues.ALTERNATING)
                .tensor("q", a.q())
                .tensor("k", a.k())
                .tensor("qOffsets", a.qOffsets())
                .tensor("kvOffsets", a.kvOffsets())
                .tensor("qBlockOffsets", a.qBlockOffsets())
                .tensor("blockMass", a.blockMass())
                .number("blockSize", a.blockSize())
                .number("stride", a.stride())
                .real("factor", (float) (a.scale() / ((double) a.stride() * a.norm())))
                .heads(a.heads())
                .work(axes -> 4L
                        * a.blockSize()
                        / a.stride()
                        * Recipes.rows(t, a.k(), axes)
                        * t.get(a.k()).capacity(2))
                .groups(axes -> Recipes.rows(t, a.blockMass(), axes) * a.heads().numServedQoHeads());
    }

    static Launch blocks(BlockSelect b, Tensors t) {
        return new Launch("blockselect/block_select", t)
                .spec("CAUSAL", b.masking() == Masking.CAUSAL)
                .spec("MODE", b.group().ordinal())
                .spec("KEEP_SINK", b.keepSink())
                .spec("KEEP_DIAGONAL", b.keepDiagonal())
                .tensor("blockMass", b.blockMass())
                .tensor("thresholds", b.thresholds())
                .tensor("qOffsets", b.qOffsets())
                .tensor("kvOffsets", b.kvOffsets())
                .tensor("qBlockOffsets", b.qBlockOffsets())
                .tensor("blockCounts", b.blockCounts())
                .tensor("blockIndices", b.blockIndices())
                .number("blockSize", b.blockSize())
                .heads(b.heads())
                .groups(axes -> Recipes.rows(t, b.blockMass(), axes) * b.heads().numServedKvHeads());
    }

    static Launch scores(PageScore p, Tensors t) {
        int headsPerList = p.scope() == PageChoice.SelectionScope.QUERY_HEAD
                ? 1
                : p.heads().groupSize();
        Launch launch = new Launch("pagescore/page_score", t)
                .tensor("q", p.q())
                .tensor("kvLengths", p.kvLengths())
                .tensor("scores", p.scores())
                .number("headsPerList", headsPerList)
                .heads(p.heads())
                .threads(axes -> Recipes.rows(t, p.q(), axes)
                        * p.heads().numServedQoHeads()
                        / headsPerList
                        * t.get(p.scores()).capacity(2));
        return CacheRecipes.pages(launch, p.kv());
    }

    static Launch pages(PageSelect p, Tensors t) {
        int headsPerList = p.choice().scope() == PageChoice.SelectionScope.QUERY_HEAD
                ? 1
                : p.heads().groupSize();
        return new Launch("pageselect/page_select", t)
                .tensor("scores", p.scores())
                .tensor("kvLengths", p.kvLengths())
                .tensor("counts", p.choice().counts())
                .tensor("chosen", p.choice().pages())
                .tensor("slots", p.choice().slots())
                .number("budgetPages", p.budgetPages())
                .number("sinkPages", p.sinkPages())
                .number("pageSize", p.pageSize())
                .number("reuseInterval", p.reuseInterval())
                .number("headsPerList", headsPerList)
                .heads(p.heads())
                .groups(axes ->
                        Recipes.rows(t, p.choice().slots(), axes) * p.heads().numServedQoHeads() / headsPerList);
    }
}
