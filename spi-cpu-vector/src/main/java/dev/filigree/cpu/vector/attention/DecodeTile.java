package dev.filigree.cpu.vector.attention;

import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.cpu.vector.common.PageVectors;
import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.lanes.Lanes;

/**
 * Scratch of one worker for decode, and one step of it: some slots of one page applied to the query rows of a group. Keys
 * and values of f32 pages are used where they lie when their width suits the lanes; others are read into scratch once for
 * all rows. Offsets are bytes from the start of the worker's scratch.
 */
final class DecodeTile {
    /** Keys of one step: their scores, and their vectors if they are copied, stay in the nearest caches. */
    private static final int KEYS = 32;

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
    final long queryStride;
    final long statesAt;
    final long bytes;

    /**
     * A tile.
     *
     * @param layout of the pages
     * @param state the states that steps update
     */
    DecodeTile(KvPageLayout layout, DecodeState state) {
        this.state = state;
        keyVectors = PageVectors.keys(layout);
        valueVectors = PageVectors.values(layout);
        depth = Math.ceilDiv(layout.headDimQk(), DecodeKernel.DEPTH) * DecodeKernel.DEPTH;
        columns = (int) Lanes.roundUpPanel(layout.headDimVo());
        keysInPlace = layout.k() == KvPrecision.F32 && depth == layout.headDimQk();
        valuesInPlace = layout.v() == KvPrecision.F32 && columns == layout.headDimVo();
        queryStride = 4L * depth;
        scoresAt = state.strips * state.rows * queryStride;
        factorsAt = scoresAt + 4 * Lanes.roundUp((long) DecodeKernel.ROWS * KEYS + DecodeKernel.SPARE);
        keysAt = factorsAt + 2L * Lanes.BYTES;
        valuesAt = keysAt + (keysInPlace ? 0 : KEYS * queryStride);
        statesAt = valuesAt + (valuesInPlace ? 0 : KEYS * state.outStride);
        bytes = statesAt + 2 * state.bytes;
    }

    /** Zeroes queries, and the lanes past a key that products would otherwise take in. */
    void clear(long work) {
        Clear.fill(work, state.strips * state.rows * depth, 0f);
        if (!keysInPlace) {
            Clear.fill(work + keysAt, KEYS * depth, 0f);
        }
    }

    /** Applies slots {@code from} to {@code to - 1} of a head of a page to a state. */
    void apply(long page, int head, int from, int to, long total, long work) {
        for (int slot = from; slot < to; slot += KEYS) {
            step(page, head, slot, Math.min(KEYS, to - slot), total, work);
        }
    }

    private void step(long page, int head, int slot, int count, long total, long work) {
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
            long queries = work + s * rows * queryStride;
            DecodeKernel.scores(rows, queries, queryStride, keys, queryStride, count, depth, scores);
            Clear.fill(scores + 4L * numScores, whole - numScores, Float.NEGATIVE_INFINITY);
            DecodeSoftmax.step(rows, scores, whole, total + state.max(s), total + state.sum(s), factors);
            long outs = total + state.outs(s);
            DecodeKernel.values(rows, scores, values, state.outStride, count, columns, outs, state.outStride, factors);
        }
    }
}
