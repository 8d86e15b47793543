package dev.filigree.cpu.vector.attention;

import static dev.filigree.cpu.vector.gemm.MicroKernel.ROWS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.elementwise.Exp2;
import dev.filigree.cpu.vector.gemm.MicroKernel;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/**
 * Query rows of one worker and their running attention state: scaled queries, unnormalised outputs, maxima, sums, and what
 * each row sees. A tile of keys is applied to six rows at a time, so that scores and weights stay in the first-level cache.
 * Offsets are bytes from the start of the block's memory.
 */
final class RowBlock {
    private static final long PADDING_BYTES = 64;
    private static final int BITS = 16;
    private static final int MASK = (1 << BITS) - 1;

    final KeyTile tile;
    final int maxRows;
    final long queryStride;
    final long outStride;
    final long queriesAt;
    final long outsAt;
    final long maximaAt;
    final long sumsAt;
    final long visibleAt;
    final long bytes;
    final long scoreStride;
    final long scoresAt;
    final long factorsAt;

    RowBlock(KeyTile tile, int maxRows) {
        this.tile = tile;
        this.maxRows = maxRows;
        int padded = Math.ceilDiv(maxRows, ROWS) * ROWS;
        queryStride = 4L * Lanes.roundUp(tile.headDimQk) + PADDING_BYTES;
        outStride = (long) tile.numValuePanels * Lanes.PANEL_BYTES + PADDING_BYTES;
        scoreStride = 4L * tile.columns + PADDING_BYTES;
        queriesAt = tile.bytes;
        outsAt = queriesAt + padded * queryStride;
        scoresAt = outsAt + padded * outStride;
        factorsAt = scoresAt + ROWS * scoreStride;
        maximaAt = factorsAt + 64;
        sumsAt = maximaAt + 4L * padded;
        visibleAt = sumsAt + 4L * padded;
        bytes = visibleAt + VisibleKeys.ENTRY_BYTES * padded;
    }

    /** Starts the state of {@code rows} rows: no key seen yet. */
    void clear(int rows, long work) {
        int padded = Math.ceilDiv(rows, ROWS) * ROWS;
        Clear.fill(work + outsAt, (int) (padded * outStride / Float.BYTES), 0f);
        Clear.fill(work + maximaAt, rows, Float.NEGATIVE_INFINITY);
        Clear.fill(work + sumsAt, rows, 0f);
    }

    /**
     * Applies a loaded tile to all rows. A strip of rows computes the columns between the first and the last that one of its
     * rows sees; the columns left out would have weight 0, so the bits are those of the whole tile.
     *
     * @param rows rows of the block
     * @param first number of the key in column 0
     * @param from first loaded column
     * @param to column after the last loaded one
     * @param work address of the block's memory
     */
    void apply(int rows, long first, int from, int to, long work) {
        boolean finite = false;
        for (int r = 0; r < rows; r += ROWS) {
            int strip = Math.min(ROWS, rows - r);
            long seen = seen(r, strip, first, from, to, work);
            long pairs = seen >>> 2 * BITS;
            if (pairs == 0) {
                continue;
            }
            int low = (int) (seen >>> BITS) & MASK;
            int high = (int) seen & MASK;
            scores(r, strip, low, high, work);
            boolean whole = pairs == (long) strip * (high - low);
            if (!whole || low % Lanes.PANEL > 0 || high % Lanes.PANEL > 0) {
                mask(r, strip, first, low, high, work);
            }
            softmax(r, strip, low, high, work);
            if (!whole && !finite) {
                finite = tile.finiteValues(work, from, to);
                if (!finite) {
                    addSeen(r, strip, low, high, work);
                    continue;
                }
            }
            addValues(r, low, high, work);
        }
    }

    /** Scores of a strip over the panels that hold columns [from, to). */
    private void scores(int r, int strip, int from, int to, long work) {
        long queries = work + queriesAt + r * queryStride;
        for (int p = from / Lanes.PANEL; p < Math.ceilDiv(to, Lanes.PANEL); p++) {
            long scores = work + scoresAt + (long) p * Lanes.PANEL_BYTES;
            long keys = work + p * tile.keyPanelBytes;
            MicroKernel.overwrite(queries, queryStride, strip, keys, tile.headDimQk, scores, scoreStride);
        }
    }

    private void addValues(int r, int from, int to, long work) {
        long weights = work + scoresAt + 4L * from;
        long outs = work + outsAt + r * outStride;
        for (int p = 0; p < tile.numValuePanels; p++) {
            long values = work + tile.valuesAt + p * tile.valuePanelBytes + (long) from * Lanes.PANEL_BYTES;
            long out = outs + (long) p * Lanes.PANEL_BYTES;
            MicroKernel.accumulate(weights, scoreStride, ROWS, values, to - from, out, outStride, work + factorsAt);
        }
    }

    private void softmax(int r, int strip, int from, int to, long work) {
        int first = from / Lanes.PANEL * Lanes.PANEL;
        softmax(r, strip, 4L * first, (int) Lanes.roundUpPanel(to) - first, work);
    }

    /** Turns {@code columns} scores of each row of a strip, {@code at} bytes into the row, into weights. */
    void softmax(int r, int strip, long at, int columns, long work) {
        long scores = work + scoresAt + at;
        long maxima = work + maximaAt + 4L * r;
        long factors = work + factorsAt;
        Clear.fill(factors, 16, 0f);
        StripSoftmax.maxima(scores, scoreStride, strip, columns, maxima, factors);
        Exp2.inPlace(factors, Math.max(8, Lanes.COUNT));
        StripSoftmax.weights(scores, scoreStride, strip, columns, maxima, factors, work + sumsAt + 4L * r);
    }

    /**
     * What a strip sees of the loaded columns [from, to), in one pass: the number of (row, column) pairs, the first column that
     * some row sees and the column after the last, {@value #BITS} bits each from the top.
     */
    private long seen(int r, int strip, long first, int from, int to, long work) {
        MemorySegment all = Memory.all();
        long pairs = 0;
        int lowest = to;
        int highest = from;
        for (int i = r; i < r + strip; i++) {
            long entry = work + visibleAt + VisibleKeys.ENTRY_BYTES * i;
            int sink = Math.clamp(all.get(JAVA_INT, entry) - first, from, to);
            int low = Math.clamp(all.get(JAVA_INT, entry + 4) - first, sink, to);
            int high = Math.clamp(all.get(JAVA_INT, entry + 8) - first, low, to);
            pairs += sink - from + high - low;
            lowest = Math.min(lowest, sink > from ? from : low < high ? low : to);
            highest = Math.max(highest, low < high ? high : sink);
        }
        return pairs << 2 * BITS | (long) lowest << BITS | highest;
    }

    private void mask(int r, int strip, long first, int from, int to, long work) {
        int start = from / Lanes.PANEL * Lanes.PANEL;
        int end = (int) Lanes.roundUpPanel(to);
        MemorySegment all = Memory.all();
        for (int i = 0; i < strip; i++) {
            long entry = work + visibleAt + VisibleKeys.ENTRY_BYTES * (r + i);
            int sink = Math.clamp(all.get(JAVA_INT, entry) - first, from, to);
            int low = Math.clamp(all.get(JAVA_INT, entry + 4) - first, sink, to);
            int high = Math.clamp(all.get(JAVA_INT, entry + 8) - first, low, to);
            long row = work + scoresAt + i * scoreStride;
            Clear.fill(row + 4L * start, from - start, Float.NEGATIVE_INFINITY);
            Clear.fill(row + 4L * sink, low - sink, Float.NEGATIVE_INFINITY);
            Clear.fill(row + 4L * high, end - high, Float.NEGATIVE_INFINITY);
        }
    }

    /**
     * The slow way to add values, for tiles that hold a NaN or an infinity: weight 0 times it would spoil rows that do not
     * see it.
     */
    private void addSeen(int r, int strip, int from, int to, long work) {
        MemorySegment all = Memory.all();
        for (int i = 0; i < strip; i++) {
            float factor = all.get(JAVA_FLOAT, work + factorsAt + 4L * i);
            for (int d = 0; d < tile.headDimVo; d++) {
                long out = work + outsAt + (r + i) * outStride + 4L * d;
                long column = work + tile.valuesAt + d / Lanes.PANEL * tile.valuePanelBytes + 4L * (d % Lanes.PANEL);
                float sum = all.get(JAVA_FLOAT, out) * factor;
                for (int c = from; c < to; c++) {
                    float weight = all.get(JAVA_FLOAT, work + scoresAt + i * scoreStride + 4L * c);
                    if (weight != 0f) {
                        sum = Math.fma(weight, all.get(JAVA_FLOAT, column + (long) c * Lanes.PANEL_BYTES), sum);
                    }
                }
                all.set(JAVA_FLOAT, out, sum);
            }
        }
    }
}
