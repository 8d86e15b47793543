package dev.filigree.cpu.vector.lowbit;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.elementwise.GeluCurve;
import dev.filigree.cpu.vector.lanes.Lanes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A low-bit product with its bias, the second half of a branch and an activation in one pass over y (SVDQuant section 4.3,
 * the second fused kernel): a block of outputs is finished while it is in the cache. What is stored between the steps is
 * rounded as the steps would round it, so the bits are those of the steps.
 */
public final class ProductUp implements HostKernel {
    private final KernelSite site;
    private final LowBitProduct product;
    private final FloatTensor y;
    private final @Nullable FloatTensor hidden;
    private final @Nullable UpTile up;
    private final boolean activates;
    private final boolean exact;

    /**
     * The kernel of neighbouring steps over the same y.
     *
     * @param branch adds to y, if there is one
     * @param gelu of y in place, if it follows
     */
    public ProductUp(LowBitLinear op, Optional<LowRankUp> branch, Optional<Gelu> gelu, KernelSite site) {
        this.site = site;
        product = new LowBitProduct(op, site, this::finish);
        y = site.floats(op.y());
        hidden = branch.map(b -> site.floats(b.hiddenRank())).orElse(null);
        up = branch.map(b -> new UpTile(site.floats(b.up()), y)).orElse(null);
        activates = gelu.isPresent();
        exact = gelu.filter(g -> g.form() == Gelu.Form.ERF).isPresent();
    }

    /** What the product needs, and a packed panel of the factor or a row of a block per worker. */
    public static ScratchNeed scratch(LowBitLinear op, Optional<LowRankUp> branch, Tensors tensors) {
        long upBytes = branch.map(b -> UpTile.scratchBytes(tensors.get(b.up()).capacity(1)))
                .orElse(0L);
        return LowBitProduct.scratch(op, tensors, Math.max(upBytes, Lanes.PANEL_BYTES));
    }

    @Override
    public void run() {
        site.point();
        y.point();
        if (up != null && hidden != null) {
            hidden.point();
            up.point();
        }
        product.run();
    }

    /** A block of the product may be wider than a panel of the factor where vectors are short. */
    private void finish(int firstToken, int numTokens, int firstOutput, int numOutputs, long scratch) {
        for (int done = 0; done < numOutputs; done += Lanes.PANEL) {
            panel(firstToken, numTokens, firstOutput + done, Math.min(Lanes.PANEL, numOutputs - done), scratch);
        }
    }

    private void panel(int firstToken, int numTokens, int firstOutput, int numOutputs, long scratch) {
        if (up != null && hidden != null) {
            long from = hidden.address(hidden.tensor().at(firstToken));
            up.add(firstToken, numTokens, firstOutput, numOutputs, from, hidden.strideBytes(0), scratch);
        }
        for (int i = 0; activates && i < numTokens; i++) {
            y.readSlice(firstToken + i, firstOutput, scratch, numOutputs);
            GeluCurve.apply(exact, scratch, scratch, numOutputs);
            y.writeSlice(firstToken + i, firstOutput, scratch, numOutputs);
        }
    }
}
