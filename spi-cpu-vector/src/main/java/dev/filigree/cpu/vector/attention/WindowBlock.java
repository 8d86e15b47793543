package dev.filigree.cpu.vector.attention;

import static dev.filigree.cpu.vector.gemm.MicroKernel.ROWS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.gemm.MicroKernel;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/**
 * A block of queries that see a sink and a window, against all their keys at once: one tile holds the sink from column 0 on
 * and, from the next panel on, the keys from the lowest window on. A strip of rows then takes one softmax over the few
 * columns that it sees, where tiles on a grid would take one in each of four or five tiles, most of them cut.
 *
 * <p>A row's sums run over the sink, then over its window, in the order of the keys and in lanes that depend on the number
 * of the key alone; what its neighbours see besides has weight 0. So its bits do not depend on the block it came in.
 */
final class WindowBlock {
    private final RowBlock block;
    private final KeyTile tile;

    /** Works in the memory of a block whose tile has {@link VisibleKeys#columns} columns. */
    WindowBlock(RowBlock block) {
        this.block = block;
        tile = block.tile;
    }

    /**
     * Applies all keys to the cleared rows of a block.
     *
     * @param source where keys and values lie
     * @param sequence of the block
     * @param slot on the head axis of keys and values
     * @param rows rows of the block, their entries written; entries become column numbers
     * @param sinkKeys keys of the sequence that belong to the sink
     * @param work address of the block's memory
     * @return false, with nothing changed, if the tile does not hold all keys
     */
    boolean apply(KeyValueSource source, int sequence, int slot, int rows, int sinkKeys, long work) {
        MemorySegment all = Memory.all();
        int sink = 0;
        int low = Integer.MAX_VALUE;
        int high = 0;
        for (int r = 0; r < rows; r++) {
            long entry = entry(r, work);
            int from = Math.max(sinkKeys, all.get(JAVA_INT, entry + 4));
            int to = all.get(JAVA_INT, entry + 8);
            sink = Math.max(sink, all.get(JAVA_INT, entry));
            low = from < to ? Math.min(low, from) : low;
            high = from < to ? Math.max(high, to) : high;
        }
        int start = (int) Lanes.roundUpPanel(sink);
        int base = low / Lanes.PANEL * Lanes.PANEL;
        if (low < high && (long) start + high - base > tile.columns) {
            return false;
        }
        boolean finite = true;
        if (sink > 0) {
            source.load(sequence, slot, 0, 0, sink, tile, work);
            finite = tile.finiteValues(work, 0, sink);
        }
        if (low < high) {
            source.load(sequence, slot, (long) base - start, start + low - base, start + high - base, tile, work);
            finite &= tile.finiteValues(work, start + low - base, start + high - base);
        }
        for (int r = 0; r < rows; r++) {
            long entry = entry(r, work);
            int from = Math.max(sinkKeys, all.get(JAVA_INT, entry + 4));
            int to = Math.max(from, all.get(JAVA_INT, entry + 8));
            all.set(JAVA_INT, entry + 4, from < to ? start + from - base : start);
            all.set(JAVA_INT, entry + 8, from < to ? start + to - base : start);
        }
        for (int r = 0; r < rows; r += ROWS) {
            strip(r, Math.min(ROWS, rows - r), finite, work);
        }
        return true;
    }

    private long entry(int row, long work) {
        return work + block.visibleAt + VisibleKeys.ENTRY_BYTES * row;
    }

    private void strip(int r, int rows, boolean finite, long work) {
        MemorySegment all = Memory.all();
        int sink = 0;
        int low = Integer.MAX_VALUE;
        int high = 0;
        for (int i = r; i < r + rows; i++) {
            long entry = entry(i, work);
            int from = all.get(JAVA_INT, entry + 4);
            int to = all.get(JAVA_INT, entry + 8);
            sink = Math.max(sink, all.get(JAVA_INT, entry));
            low = from < to ? Math.min(low, from) : low;
            high = from < to ? Math.max(high, to) : high;
        }
        if (sink == 0 && high == 0) {
            return;
        }
        low = Math.min(low, high);
        int window = (int) Lanes.roundUpPanel(sink); // where the window's scores stand
        int skipped = low / Lanes.PANEL * Lanes.PANEL;
        int columns = window + (int) Lanes.roundUpPanel(high) - skipped;
        scores(r, rows, 0, window, 0, work);
        scores(r, rows, skipped, high, window, work);
        for (int i = 0; i < rows; i++) {
            long entry = entry(r + i, work);
            long row = work + block.scoresAt + i * block.scoreStride;
            hide(row, all.get(JAVA_INT, entry), window);
            int from = all.get(JAVA_INT, entry + 4);
            int to = all.get(JAVA_INT, entry + 8);
            hide(row, window, from < to ? window + from - skipped : columns);
            hide(row, from < to ? window + to - skipped : columns, columns);
        }
        block.softmax(r, rows, 0, columns, work);
        if (finite) {
            Clear.fill(work + block.factorsAt, ROWS, 1f); // nothing has been added yet that could shrink
            addValues(r, 0, sink, 0, work);
            addValues(r, low, high, window + low - skipped, work);
        } else {
            addSeen(r, rows, sink, low, high, window + low - skipped, work);
        }
    }

    private static void hide(long row, int from, int to) {
        Clear.fill(row + 4L * from, to - from, Float.NEGATIVE_INFINITY);
    }

    /** Scores of the panels that hold columns [from, to), written from column {@code at} on. */
    private void scores(int r, int rows, int from, int to, int at, long work) {
        long queries = work + block.queriesAt + r * block.queryStride;
        for (int c = from; c < to; c += Lanes.PANEL) {
            long scores = work + block.scoresAt + 4L * (at + c - from);
            long keys = work + c / Lanes.PANEL * tile.keyPanelBytes;
            MicroKernel.overwrite(queries, block.queryStride, rows, keys, tile.headDimQk, scores, block.scoreStride);
        }
    }

    /** Adds the values of columns [from, to), whose weights stand from column {@code at} on. */
    private void addValues(int r, int from, int to, int at, long work) {
        if (from >= to) {
            return;
        }
        long weights = work + block.scoresAt + 4L * at;
        long out = work + block.outsAt + r * block.outStride;
        for (int p = 0; p < tile.numValuePanels; p++) {
            long values = work + tile.valuesAt + p * tile.valuePanelBytes + (long) from * Lanes.PANEL_BYTES;
            MicroKernel.accumulate(
                    weights,
                    block.scoreStride,
                    ROWS,
                    values,
                    to - from,
                    out + (long) p * Lanes.PANEL_BYTES,
                    block.outStride,
                    work + block.factorsAt);
        }
    }

    /** The same sums where a value is not finite: weight 0 times it would spoil rows that do not see it. */
    private void addSeen(int r, int rows, int sink, int low, int high, int at, long work) {
        MemorySegment all = Memory.all();
        for (int i = 0; i < rows; i++) {
            long weights = work + block.scoresAt + i * block.scoreStride;
            for (int d = 0; d < tile.headDimVo; d++) {
                long out = work + block.outsAt + (r + i) * block.outStride + 4L * d;
                float sum = seen(weights, 0, sink, d, work);
                all.set(JAVA_FLOAT, out, sum + seen(weights + 4L * at, low, high, d, work));
            }
        }
    }

    private float seen(long weights, int from, int to, int d, long work) {
        MemorySegment all = Memory.all();
        long column = work + tile.valuesAt + d / Lanes.PANEL * tile.valuePanelBytes + 4L * (d % Lanes.PANEL);
        float sum = 0;
        for (int c = from; c < to; c++) {
            float weight = all.get(JAVA_FLOAT, weights + 4L * (c - from));
            if (weight != 0f) {
                sum = Math.fma(weight, all.get(JAVA_FLOAT, column + (long) c * Lanes.PANEL_BYTES), sum);
            }
        }
        return sum;
    }
}
