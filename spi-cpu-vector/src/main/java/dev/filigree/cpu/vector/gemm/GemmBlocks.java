package dev.filigree.cpu.vector.gemm;

import dev.filigree.cpu.vector.lanes.Lanes;

/**
 * How a product is cut into tasks of {@code rows x columns} of the result, {@code depth} of the sum at a time. Mutable so
 * that a run can cut for its own m without allocating.
 */
final class GemmBlocks {
    /** Rows that reuse a packed panel; a panel costs as much as about ten rows. */
    static final int MAX_ROWS = 528;

    static final int MAX_COLUMNS = 256;

    /** A packed panel of this depth and two 512-bit vectors takes 128 KiB: it streams from the second-level cache. */
    static final int MAX_DEPTH = 1024;

    private static final int MIN_ROWS = 48;
    private static final int TASKS_PER_WORKER = 4;

    private final int n;
    private final int depth;
    private final int numWorkers;
    private int rows;
    private int columns;
    private int numColumnBlocks;
    private int numTasks;

    GemmBlocks(int n, int k, int numWorkers) {
        this.n = n;
        this.numWorkers = numWorkers;
        depth = k == 0 ? Lanes.COUNT : (int) Lanes.roundUp(Math.ceilDiv(k, Math.ceilDiv(k, MAX_DEPTH)));
    }

    /** Cuts for m rows: as large as the caches like, smaller when the workers would otherwise run dry. */
    void cut(int m) {
        int wanted = numWorkers == 1 ? 1 : numWorkers * TASKS_PER_WORKER;
        rows = MAX_ROWS;
        columns = MAX_COLUMNS;
        while (tasks(m) < wanted && (rows > MIN_ROWS || columns > Lanes.PANEL)) {
            if (rows > MIN_ROWS && (rows >= columns || columns == Lanes.PANEL)) {
                rows = Math.max(MIN_ROWS, roundUpRows(rows / 2));
            } else {
                columns = Math.max(Lanes.PANEL, (int) Lanes.roundUpPanel(columns / 2));
            }
        }
        int numRowBlocks = Math.ceilDiv(m, rows);
        numColumnBlocks = Math.ceilDiv(n, columns);
        numTasks = Math.multiplyExact(numRowBlocks, numColumnBlocks);
        if (numTasks > 0) {
            rows = roundUpRows(Math.ceilDiv(m, numRowBlocks));
            columns = (int) Lanes.roundUpPanel(Math.ceilDiv(n, numColumnBlocks));
        }
    }

    /** Rows of one task, a multiple of {@link MicroKernel#ROWS}. */
    int rows() {
        return rows;
    }

    /** Columns of one task, a multiple of {@link Lanes#PANEL}. */
    int columns() {
        return columns;
    }

    /** Depth of one packed panel, a multiple of {@link Lanes#COUNT}. */
    int depth() {
        return depth;
    }

    int numTasks() {
        return numTasks;
    }

    int firstRow(int task) {
        return task / numColumnBlocks * rows;
    }

    int firstColumn(int task) {
        return task % numColumnBlocks * columns;
    }

    static int roundUpRows(int rows) {
        return Math.ceilDiv(rows, MicroKernel.ROWS) * MicroKernel.ROWS;
    }

    private long tasks(int m) {
        return (long) Math.ceilDiv(m, rows) * Math.ceilDiv(n, columns);
    }
}
