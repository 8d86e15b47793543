package dev.filigree.cpu.vector.ops.lowrankup;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lowbit.UpTile;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/** {@link LowRankUp}, a panel of outputs for a block of tokens at a time. */
public final class LowRankUpVector implements HostKernel {
    private static final int TOKENS = 192;

    private final KernelSite site;
    private final FloatTensor hidden;
    private final FloatTensor y;
    private final UpTile tile;
    private final int outputs;
    private final WorkerPool.Body task;
    private int numTokens;

    /** The kernel of one step. */
    public LowRankUpVector(LowRankUp op, KernelSite site) {
        this.site = site;
        hidden = site.floats(op.hiddenRank());
        y = site.floats(op.y());
        FloatTensor up = site.floats(op.up());
        tile = new UpTile(up, y);
        outputs = Math.toIntExact(up.tensor().extent(0));
        task = this::block;
    }

    /** A packed panel per worker. */
    public static ScratchNeed scratch(LowRankUp op, Tensors tensors) {
        return ScratchNeed.perWorker(UpTile.scratchBytes(tensors.get(op.up()).capacity(1)));
    }

    @Override
    public void run() {
        site.point();
        hidden.point();
        tile.point();
        numTokens = Math.toIntExact(y.rows());
        site.pool().parallelFor(Math.ceilDiv(outputs, Lanes.PANEL) * Math.ceilDiv(numTokens, TOKENS), task);
    }

    private void block(int worker, int index) {
        int panels = Math.ceilDiv(outputs, Lanes.PANEL);
        int output = index % panels * Lanes.PANEL;
        int token = index / panels * TOKENS;
        tile.add(
                token,
                Math.min(TOKENS, numTokens - token),
                output,
                Math.min(Lanes.PANEL, outputs - output),
                hidden.address(hidden.tensor().at(token)),
                hidden.strideBytes(0),
                site.worker(worker));
    }
}
