package dev.filigree.cpu.vector.lowbit;

import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.gemm.MicroKernel;
import dev.filigree.cpu.vector.gemm.PanelPack;
import dev.filigree.cpu.vector.lanes.Lanes;

/**
 * Sizes of a low-bit product and where its scratch lies. Shared: x as f32 with its scales and group sums. Per worker: what
 * one block of outputs needs.
 */
final class ProductLayout {
    /** Tokens of one task: they share the unpacking of the weight. */
    static final int TASK_TOKENS = 192;

    /** Up to this many tokens, unpacking and packing a panel costs more than summing across lanes. */
    static final int FEW_TOKENS = 16;

    final int maxTokens;
    final int outFeatures;
    final GroupCut cut;
    final int xGroups;
    final int wGroups;
    final long rowBytes;
    final long scalesAt;
    final long sumsAt;
    final long sharedBytes;
    final long rowsAt;
    final long panelAt;
    final long productAt;
    final long integersAt;
    final long resultAt;
    final long wScalesAt;
    final long wZerosAt;
    final long channelsAt;
    final long biasAt;
    final long epilogueAt;

    ProductLayout(LowBitLinear op, Tensors tensors) {
        maxTokens = Math.toIntExact(tensors.get(op.x()).capacity(0));
        outFeatures = Math.toIntExact(tensors.get(op.weight()).capacity(0));
        int depth = Math.toIntExact(tensors.get(op.weight()).capacity(1));
        cut = new GroupCut(depth, op.weightFormat(), op.activationFormat());
        wGroups = Math.toIntExact(op.weightFormat().groups(depth));
        xGroups =
                op.activationFormat().map(f -> Math.toIntExact(f.groups(depth))).orElse(1);
        rowBytes = 4L * Lanes.roundUp(depth);
        scalesAt = rowBytes * maxTokens;
        sumsAt = scalesAt + 4L * xGroups * maxTokens;
        sharedBytes = sumsAt + 4L * wGroups * maxTokens;
        int slice = Math.min(GroupCut.SLICE, (int) Lanes.roundUp(Math.max(1, depth)));
        rowsAt = PanelPack.scratchBytes(slice);
        panelAt = rowsAt + Math.max(rowBytes, 4L * slice * Lanes.PANEL);
        productAt = panelAt + (long) slice * Lanes.PANEL_BYTES;
        integersAt = productAt + (long) MicroKernel.ROWS * Lanes.PANEL_BYTES;
        resultAt = integersAt + (cut.needsIntegers() ? (long) TASK_TOKENS * Lanes.PANEL_BYTES : 0);
        wScalesAt = resultAt + (long) (TASK_TOKENS + MicroKernel.ROWS) * Lanes.PANEL_BYTES;
        wZerosAt = wScalesAt + (long) wGroups * Lanes.PANEL_BYTES;
        channelsAt = wZerosAt + (op.zeros().isPresent() ? (long) wGroups * Lanes.PANEL_BYTES : 0);
        biasAt = channelsAt + Lanes.PANEL_BYTES;
        epilogueAt = biasAt + Lanes.PANEL_BYTES;
    }

    /** The scratch, with that many bytes per worker for what follows the product. */
    ScratchNeed scratch(long epilogueBytes) {
        return new ScratchNeed(sharedBytes, epilogueAt + epilogueBytes);
    }
}
