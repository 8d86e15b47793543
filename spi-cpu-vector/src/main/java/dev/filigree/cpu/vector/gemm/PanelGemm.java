package dev.filigree.cpu.vector.gemm;

import static dev.filigree.cpu.vector.gemm.MicroKernel.ROWS;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.lanes.Lanes;

/**
 * One task of a cache-blocked product: a block of the result, the depth in slices, B packed panel by panel and used at once
 * for every row of the block. Rows of f32 A that fit one slice are read in place; other rows are widened into scratch, slice
 * by slice. Whole tiles of an f32 result of one slice are written in place; all others pass through a block of scratch.
 *
 * <p>Each element sums in order of depth, slice by slice, so it does not depend on how the result is cut.
 */
final class PanelGemm {
    /** Keeps rows a power of two apart from falling into the same cache sets. */
    private static final long ROW_PADDING_BYTES = 64;

    private final GemmShape shape;
    private final GemmCall call;
    private final GemmBlocks blocks;
    private final boolean copyRows;
    private final boolean inPlace;
    private final long aStride;
    private final long tileStride;
    private final long panelAt;
    private final long rowsAt;
    private final long biasAt;
    private final long tilesAt;
    private final long bytes;

    PanelGemm(GemmShape shape, GemmCall call, int numWorkers) {
        this.shape = shape;
        this.call = call;
        blocks = new GemmBlocks(shape.n(), shape.k(), numWorkers);
        int maxRows = GemmBlocks.roundUpRows(Math.min(GemmBlocks.MAX_ROWS, shape.maxM()));
        long maxColumns = Math.min(GemmBlocks.MAX_COLUMNS, Lanes.roundUpPanel(shape.n()));
        boolean oneSlice = shape.k() <= blocks.depth();
        copyRows = shape.a() != Storage.F32 || !oneSlice;
        inPlace = shape.out() == Storage.F32 && shape.bias().isEmpty() && oneSlice && shape.k() > 0;
        aStride = 4L * blocks.depth() + ROW_PADDING_BYTES;
        tileStride = 4L * maxColumns + ROW_PADDING_BYTES;
        panelAt = PanelPack.scratchBytes(blocks.depth());
        rowsAt = panelAt + (long) blocks.depth() * Lanes.PANEL_BYTES;
        biasAt = rowsAt + (copyRows ? maxRows * aStride : 0);
        tilesAt = biasAt + 4L * Math.max(maxColumns, Lanes.PANEL);
        bytes = tilesAt + maxRows * tileStride;
    }

    long workspaceBytesPerWorker() {
        return bytes;
    }

    /** Cuts the current call and returns the number of its tasks. */
    int numTasks() {
        blocks.cut(call.m);
        return blocks.numTasks();
    }

    void run(int task, long work) {
        int row = blocks.firstRow(task);
        int column = blocks.firstColumn(task);
        int rows = Math.min(blocks.rows(), call.m - row);
        int columns = Math.min(blocks.columns(), shape.n() - column);
        if (rows <= 0 || columns <= 0) {
            return;
        }
        boolean started = shape.bias().isPresent() || shape.k() == 0;
        if (started) {
            startFromBias(rows, column, columns, work);
        }
        for (int k = 0; k < shape.k(); k += blocks.depth()) {
            slice(k, k == 0 && !started, row, rows, column, columns, work);
        }
        store(row, rows, column, columns, work);
    }

    private void startFromBias(int rows, int column, int columns, long work) {
        long bias = work + biasAt;
        Clear.fill(bias, blocks.columns(), 0f);
        if (shape.bias().isPresent()) {
            Storage storage = shape.bias().get();
            Widen.copy(storage, call.bias + (long) column * storage.bytes(), bias, columns);
        }
        for (int i = 0; i < rows; i++) {
            Widen.copy(Storage.F32, bias, work + tilesAt + i * tileStride, columns);
        }
    }

    private void slice(int k, boolean first, int row, int rows, int column, int columns, long work) {
        int depth = Math.min(blocks.depth(), shape.k() - k);
        long left = call.a(row) + (long) k * shape.a().bytes();
        long leftStride = call.aStride;
        if (copyRows) {
            for (int i = 0; i < rows; i++) {
                Widen.copy(shape.a(), left + i * leftStride, work + rowsAt + i * aStride, depth);
            }
            left = work + rowsAt;
            leftStride = aStride;
        }
        long ones = work + biasAt;
        Clear.fill(ones, ROWS, 1f);
        for (int j = 0; j < columns; j += Lanes.PANEL) {
            int wide = Math.min(Lanes.PANEL, columns - j);
            long from = call.b(column + j) + (long) k * shape.b().bytes();
            PanelPack.pack(shape.b(), from, call.bStride, wide, depth, work + panelAt, work);
            for (int i = 0; i < rows; i += ROWS) {
                boolean direct = inPlace && wide == Lanes.PANEL && rows - i >= ROWS;
                long c = direct ? call.out(row + i) + 4L * (column + j) : work + tilesAt + i * tileStride + 4L * j;
                long cStride = direct ? call.outStride : tileStride;
                long a = left + i * leftStride;
                if (first) {
                    MicroKernel.overwrite(a, leftStride, rows - i, work + panelAt, depth, c, cStride);
                } else {
                    MicroKernel.accumulate(a, leftStride, rows - i, work + panelAt, depth, c, cStride, ones);
                }
            }
        }
    }

    /** Writes what is still in scratch: everything, or only the ragged edges of a result made in place. */
    private void store(int row, int rows, int column, int columns, long work) {
        int wholeRows = inPlace ? rows / ROWS * ROWS : 0;
        int wholeColumns = inPlace ? columns / Lanes.PANEL * Lanes.PANEL : 0;
        for (int i = 0; i < rows; i++) {
            int from = i < wholeRows ? wholeColumns : 0;
            if (from < columns) {
                long target =
                        call.out(row + i) + (long) (column + from) * shape.out().bytes();
                Narrow.copy(shape.out(), work + tilesAt + i * tileStride + 4L * from, target, columns - from);
            }
        }
    }
}
