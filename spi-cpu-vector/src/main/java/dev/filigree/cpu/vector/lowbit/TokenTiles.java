package dev.filigree.cpu.vector.lowbit;

import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/** A loop over tiles of tokens, whose rows are read once as f32 for everything that is made of them. */
public final class TokenTiles {

    /** Works on one tile. */
    @FunctionalInterface
    public interface Body {
        /** Works on the tokens from {@code first} on; x is their f32, scratch lies behind it. */
        void tile(long first, int count, long x, long xStride, long scratch);
    }

    private final FloatTensor x;
    private final KernelSite site;
    private final Body body;
    private final long rowBytes;
    private final WorkerPool.Body task;

    /** A loop over the rows of x. */
    public TokenTiles(FloatTensor x, KernelSite site, Body body) {
        this.x = x;
        this.site = site;
        this.body = body;
        rowBytes = rowBytes(x.rowElements());
        task = this::tile;
    }

    private static long rowBytes(long columns) {
        return 4 * Lanes.roundUp(columns);
    }

    /** Bytes of a tile's rows, at the start of a worker's scratch. */
    public static long bytes(long columns) {
        return DownTile.TOKENS * rowBytes(columns);
    }

    /** Where the scratch behind the rows begins. */
    public long scratchAt() {
        return bytes(x.rowElements());
    }

    /** Runs over all tokens. */
    public void run() {
        x.point();
        site.pool().parallelFor(Math.toIntExact(Math.ceilDiv(x.rows(), (long) DownTile.TOKENS)), task);
    }

    private void tile(int worker, int index) {
        long first = (long) index * DownTile.TOKENS;
        int count = (int) Math.min(DownTile.TOKENS, x.rows() - first);
        long rows = site.worker(worker);
        for (int i = 0; i < count; i++) {
            long target = rows + i * rowBytes;
            long at = x.row(first + i, target);
            if (at != target) {
                Widen.copy(Storage.F32, at, target, x.rowElements());
            }
        }
        body.tile(first, count, rows, rowBytes, rows + scratchAt());
    }
}
