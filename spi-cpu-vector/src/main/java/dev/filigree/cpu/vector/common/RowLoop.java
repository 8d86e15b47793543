package dev.filigree.cpu.vector.common;

import dev.filigree.cpu.vector.parallel.WorkerPool;

/** A loop over independent rows, cut into tasks large enough to be worth handing out. */
public final class RowLoop {

    /** Does some neighbouring rows. */
    @FunctionalInterface
    public interface Body {
        /** Does rows {@code first} to {@code end - 1}. */
        void rows(int worker, long first, long end);
    }

    private static final long ELEMENTS_PER_TASK = 16_384;

    private final WorkerPool pool;
    private final long rowsPerTask;
    private final WorkerPool.Body task;
    private long rows;

    /**
     * A loop.
     *
     * @param pool who runs it
     * @param rowElements work of one row, in elements of plain arithmetic
     * @param body what to do
     */
    public RowLoop(WorkerPool pool, long rowElements, Body body) {
        this.pool = pool;
        rowsPerTask = Math.max(1, ELEMENTS_PER_TASK / Math.max(1, rowElements));
        task = (worker, t) -> body.rows(worker, t * rowsPerTask, Math.min(rows, (t + 1) * rowsPerTask));
    }

    /** Runs it over that many rows. */
    public void run(long numRows) {
        rows = numRows;
        pool.parallelFor(Math.toIntExact(Math.ceilDiv(numRows, rowsPerTask)), task);
    }
}
