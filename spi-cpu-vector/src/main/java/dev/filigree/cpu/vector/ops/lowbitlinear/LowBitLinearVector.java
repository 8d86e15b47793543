package dev.filigree.cpu.vector.ops.lowbitlinear;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lowbit.LowBitProduct;

/** {@link LowBitLinear} as a {@link LowBitProduct} that nothing follows. */
public final class LowBitLinearVector implements HostKernel {
    private final KernelSite site;
    private final LowBitProduct product;

    /** The kernel of one step. */
    public LowBitLinearVector(LowBitLinear op, KernelSite site) {
        this.site = site;
        product = new LowBitProduct(op, site, LowBitProduct.Epilogue.NONE);
    }

    /** What the product needs. */
    public static ScratchNeed scratch(LowBitLinear op, Tensors tensors) {
        return LowBitProduct.scratch(op, tensors, 0);
    }

    @Override
    public void run() {
        site.point();
        product.run();
    }
}
