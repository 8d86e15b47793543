package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.cpu.vector.common.PageVectors;
import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.elementwise.Scale;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;

/**
 * Scratch of one worker for decode, and one step of it: some slots of one page applied to the query rows of a group. Keys
 * and values of f32 pages are used where they lie when their width suits the lanes; others are read into scratch once for
 * all rows. Offsets are bytes from the start of the worker's scratch.
 */
final class DecodeTile {
    /** Keys of one step: their scores, and their vectors if they are copied, stay in the nearest caches. */
    private static final int KEYS = 32;

    /** Largest page that is fetched before it is read: with it, half of a small second-level cache stays free. */
    private static final long FETCHED_BYTES = 1 << 19;

    private final PageVectors keyVectors;
    private final PageVectors valueVectors;
    private final DecodeState state;
    private final boolean keysInPlace;
    private final boolean valuesInPlace;
    private final int depth;
    private final int columns;
    private final long scoresAt;
    final long factorsAt;
    private final long keysAt;
    private final long valuesAt;
    private final long sweptAt;
    private final long pageBytes;
    private final long queryStride;
    final long statesAt;
    final long bytes;

    /**
     * A tile.
     *
     * @param layout of the pages
     * @param state the states that steps update
     * @param units groups of query rows whose queries are held, and two states of each
     */
    DecodeTile(KvPageLayout layout, DecodeState state, int units) {
        this.state = state;
        pageBytes = layout.pageBytes();
        keyVectors = PageVectors.keys(layout);
        valueVectors = PageVectors.values(layout);
        depth = Math.ceilDiv(layout.headDimQk(), DecodeKernel.DEPTH) * DecodeKernel.DEPTH;
        columns = (int) Lanes.roundUpPanel(layout.headDimVo());
        keysInPlace = layout.k() == KvPrecision.F32 && depth == layout.headDimQk();
        valuesInPlace = layout.v() == KvPrecision.F32 && columns == layout.headDimVo();
        queryStride = 4L * depth;
        scoresAt = query(units, 0);
        factorsAt = scoresAt + 4 * Lanes.roundUp((long) DecodeKernel.ROWS * KEYS + DecodeKernel.SPARE);
        keysAt = factorsAt + 2L * Lanes.BYTES;
        valuesAt = keysAt + (keysInPlace ? 0 : KEYS * queryStride);
        sweptAt = valuesAt + (valuesInPlace ? 0 : KEYS * state.outStride);
        statesAt = sweptAt + 64;
        bytes = statesAt + 2 * units * state.bytes;
    }

    /** Where a query of a unit stands. */
    private long query(int unit, int row) {
        return ((long) unit * state.strips * state.rows + row) * queryStride;
    }

    /** Zeroes queries, and the lanes past a key that products would otherwise take in. */
    void clear(long work) {
        Clear.fill(work, (int) (scoresAt / Float.BYTES), 0f);
        if (!keysInPlace) {
            Clear.fill(work + keysAt, KEYS * depth, 0f);
        }
    }

    /** Stores a query, times {@code scale}, for {@link #apply}. */
    void query(Storage storage, long from, float scale, int unit, int row, long work) {
        long to = work + query(unit, row);
        Widen.copy(storage, from, to, keyVectors.headDim());
        Scale.inPlace(to, keyVectors.headDim(), scale);
    }

    /** Applies slots {@code from} to {@code to - 1} of a head of a page to the state of a unit. */
    void apply(long page, int head, int from, int to, long total, int unit, long work) {
        for (int slot = from; slot < to; slot += KEYS) {
            step(page, head, slot, Math.min(KEYS, to - slot), total, work + query(unit, 0), work);
        }
    }

    /** Fetches what {@link #apply} reads of all heads of a page, unless it would not stay in the cache. */
    void fetch(long page, long work) {
        if (pageBytes <= FETCHED_BYTES) {
            Memory.all().set(JAVA_LONG, work + sweptAt, Sweep.over(page, pageBytes));
        }
    }

    private void step(long page, int head, int slot, int count, long total, long unitQueries, long work) {
        long keys = keyVectors.address(page, head, slot);
        if (!keysInPlace) {
            keys = work + keysAt;
            keyVectors.read(page, head, slot, count, keys, queryStride);
        }
        long values = valueVectors.address(page, head, slot);
        if (!valuesInPlace) {
            values = work + valuesAt;
            valueVectors.read(page, head, slot, count, values, state.outStride);
        }
        long scores = work + scoresAt;
        long factors = work + factorsAt;
        int rows = state.rows;
        int numScores = rows * count;
        int whole = (int) Lanes.roundUp(numScores);
        for (int s = 0; s < state.strips; s++) {
            long queries = unitQueries + s * rows * queryStride;
            DecodeKernel.scores(queries, queryStride, keys, queryStride, count, depth, scores);
            Clear.fill(scores + 4L * numScores, whole - numScores, Float.NEGATIVE_INFINITY);
            DecodeSoftmax.step(scores, whole, total + state.max(s), total + state.sum(s), factors);
            long outs = total + state.outs(s);
            DecodeKernel.values(scores, values, state.outStride, count, columns, outs, state.outStride, factors);
        }
    }
}
