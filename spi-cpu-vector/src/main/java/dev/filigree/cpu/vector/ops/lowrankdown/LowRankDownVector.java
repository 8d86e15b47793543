package dev.filigree.cpu.vector.ops.lowrankdown;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lowbit.DownTile;
import dev.filigree.cpu.vector.lowbit.TokenTiles;

/** {@link LowRankDown} over tiles of tokens. */
public final class LowRankDownVector implements HostKernel {
    private final KernelSite site;
    private final DownTile tile;
    private final TokenTiles tokens;

    /** The kernel of one step. */
    public LowRankDownVector(LowRankDown op, KernelSite site) {
        this.site = site;
        FloatTensor x = site.floats(op.x());
        tile = new DownTile(op, site);
        tokens = new TokenTiles(
                x, site, (first, count, rows, stride, scratch) -> tile.run(first, count, rows, stride, scratch));
    }

    /** The packed factor, and rows of a tile per worker. */
    public static ScratchNeed scratch(LowRankDown op, Tensors tensors) {
        return new ScratchNeed(
                DownTile.packedBytes(op, tensors),
                TokenTiles.bytes(tensors.get(op.x()).rowElements()) + DownTile.workerBytes(op, tensors));
    }

    @Override
    public void run() {
        site.point();
        tile.point(site.shared(), tokens.scratchAt());
        tokens.run();
    }
}
