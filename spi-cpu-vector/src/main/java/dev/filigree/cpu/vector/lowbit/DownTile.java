package dev.filigree.cpu.vector.lowbit;

import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.gemm.MicroKernel;
import dev.filigree.cpu.vector.gemm.PanelPack;
import dev.filigree.cpu.vector.lanes.Lanes;

/**
 * The first half of a low-rank branch for a few tokens at a time. Each element sums in order of depth, slice by slice, so
 * it does not depend on which tokens share a tile.
 */
public final class DownTile {
    /** Tokens of one tile: they share a slice of the packed factor while it is in the second-level cache. */
    public static final int TOKENS = 24;

    private static final int SLICE = 1024;

    private final KernelSite site;
    private final FloatTensor down;
    private final FloatTensor hidden;
    private final int rank;
    private final int depth;
    private final int panels;
    private final dev.filigree.cpu.vector.parallel.WorkerPool.Body packTask;
    private long packed;
    private long packScratch;

    /** A branch of one step. */
    public DownTile(LowRankDown op, KernelSite site) {
        this.site = site;
        down = site.floats(op.down());
        hidden = site.floats(op.hiddenRank());
        rank = Math.toIntExact(down.tensor().extent(0));
        depth = down.rowElements();
        panels = Math.ceilDiv(rank, Lanes.PANEL);
        packTask = this::pack;
    }

    /** Bytes of the packed factor. */
    public static long packedBytes(LowRankDown op, Tensors tensors) {
        long panels = Math.ceilDiv(tensors.get(op.down()).capacity(0), Lanes.PANEL);
        return panels * Lanes.roundUp(tensors.get(op.down()).capacity(1)) * Lanes.PANEL_BYTES;
    }

    /** Bytes that a worker needs, to pack or to compute a tile. */
    public static long workerBytes(LowRankDown op, Tensors tensors) {
        int slice = (int) Math.min(SLICE, tensors.get(op.down()).capacity(1));
        return Math.max(
                PanelPack.scratchBytes(slice), (TOKENS + MicroKernel.ROWS) * (long) Lanes.PANEL_BYTES + Lanes.BYTES);
    }

    /**
     * Points at the run and packs the factor.
     *
     * @param packedAt {@link #packedBytes}
     * @param scratchAt offset of {@link #workerBytes} in each worker's scratch
     */
    public void point(long packedAt, long scratchAt) {
        down.point();
        hidden.point();
        packed = packedAt;
        packScratch = scratchAt;
        site.pool().parallelFor(panels * Math.ceilDiv(depth, SLICE), packTask);
    }

    private void pack(int worker, int task) {
        int panel = task % panels;
        int k = task / panels * SLICE;
        int row = panel * Lanes.PANEL;
        PanelPack.pack(
                down.storage(),
                down.address(down.tensor().at(row)) + (long) k * down.storage().bytes(),
                down.strideBytes(0),
                Math.min(Lanes.PANEL, rank - row),
                Math.min(SLICE, depth - k),
                panel(panel) + (long) k * Lanes.PANEL_BYTES,
                site.worker(worker) + packScratch);
    }

    private long panel(int panel) {
        return packed + panel * Lanes.roundUp(depth) * Lanes.PANEL_BYTES; // packed in whole squares
    }

    /**
     * Computes and stores the hidden rank of some tokens.
     *
     * @param x address of their f32, {@code xStride} bytes apart
     * @param scratch {@link #workerBytes}
     */
    public void run(long firstToken, int numTokens, long x, long xStride, long scratch) {
        long ones = scratch + (TOKENS + MicroKernel.ROWS) * (long) Lanes.PANEL_BYTES;
        Clear.fill(ones, MicroKernel.ROWS, 1f);
        for (int p = 0; p < panels; p++) {
            Clear.fill(scratch, (TOKENS + MicroKernel.ROWS) * Lanes.PANEL, 0f);
            for (int k = 0; k < depth; k += SLICE) {
                for (int i = 0; i < numTokens; i += MicroKernel.ROWS) {
                    MicroKernel.accumulate(
                            x + i * xStride + 4L * k,
                            xStride,
                            numTokens - i,
                            panel(p) + (long) k * Lanes.PANEL_BYTES,
                            Math.min(SLICE, depth - k),
                            scratch + (long) i * Lanes.PANEL_BYTES,
                            Lanes.PANEL_BYTES,
                            ones);
                }
            }
            int column = p * Lanes.PANEL;
            for (int i = 0; i < numTokens; i++) {
                hidden.writeSlice(
                        firstToken + i,
                        column,
                        scratch + (long) i * Lanes.PANEL_BYTES,
                        Math.min(Lanes.PANEL, rank - column));
            }
        }
    }
}
