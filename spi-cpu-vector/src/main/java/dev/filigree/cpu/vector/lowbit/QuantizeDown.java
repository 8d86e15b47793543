package dev.filigree.cpu.vector.lowbit;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;

/**
 * Quantizes x and multiplies it with the first factor of a branch in one pass over x (SVDQuant section 4.3, the first fused
 * kernel): a tile of rows is read once and serves both while it is in the cache.
 */
public final class QuantizeDown implements HostKernel {
    private final KernelSite site;
    private final QuantizeRows rows;
    private final DownTile down;
    private final TokenTiles tokens;
    private final long packedBytes;

    /** The kernel of two neighbouring steps over the same x. */
    public QuantizeDown(ActivationQuantize quantize, LowRankDown op, KernelSite site) {
        this.site = site;
        rows = new QuantizeRows(quantize, site);
        down = new DownTile(op, site);
        tokens = new TokenTiles(site.floats(op.x()), site, this::tile);
        packedBytes = DownTile.packedBytes(op, site.decls(op));
    }

    /** The packed factor and what x is divided by; rows of a tile and room for either half per worker. */
    public static ScratchNeed scratch(ActivationQuantize quantize, LowRankDown op, Tensors tensors) {
        long rowBytes = 4 * tensors.get(op.x()).rowElements();
        return new ScratchNeed(
                DownTile.packedBytes(op, tensors) + rowBytes,
                TokenTiles.bytes(tensors.get(op.x()).rowElements())
                        + Math.max(rowBytes, DownTile.workerBytes(op, tensors)));
    }

    @Override
    public void run() {
        site.point();
        down.point(site.shared(), tokens.scratchAt());
        rows.point(site.shared() + packedBytes);
        tokens.run();
    }

    private void tile(long first, int count, long x, long xStride, long scratch) {
        for (int i = 0; i < count; i++) {
            rows.row(first + i, x + i * xStride, site.shared() + packedBytes, scratch);
        }
        down.run(first, count, x, xStride, scratch);
    }
}
