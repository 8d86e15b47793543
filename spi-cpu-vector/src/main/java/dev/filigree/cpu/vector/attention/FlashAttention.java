package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Tiled exact attention with an online softmax (FlashAttention-2, algorithm 1) for whole prompts and chunks. Dense,
 * streaming, block-sparse and paged attention are this one kernel: they differ in which tiles of keys a block of queries
 * visits and where those lie.
 *
 * <p>A task is a block of query tokens. Without lists the query heads of a KV head share it, so that keys are packed once
 * for the group; with lists each head visits its own tiles. Tasks start with the last queries, which see the most keys.
 * Each row meets its tiles in ascending order on a grid anchored at key 0, so its result does not depend on the chunk or
 * batch it came in, nor on the number of workers.
 */
public final class FlashAttention {
    private static final int TARGET_ROWS = 192;
    private static final int MAX_ROWS = 256;

    /** Largest tile of a window with its sink, bytes: half of a small second-level cache stays free. */
    private static final long WINDOW_BYTES = 1 << 19;

    private final AttentionShape shape;
    private final VisibleKeys visible;
    private final KeyValueSource source;
    private final @Nullable BlockLists lists;
    private final WorkerPool pool;
    private final KeyTile tile;
    private final RowBlock block;
    private final @Nullable WindowBlock window;
    private final QueryRows rows;
    private final int headsPerTask;
    private final int tokensPerBlock;
    private final int[] blockStarts;
    private final long bytesPerWorker;
    private final WorkerPool.Body body = this::task;
    private long qOffsets;
    private long kvLengths;
    private boolean cumulative;
    private int numSeqs;
    private long workspace;

    /**
     * Prepares a step.
     *
     * @param shape what is fixed
     * @param visible which keys a query sees
     * @param source where keys and values lie
     * @param lists chosen blocks; null: every block with a visible key
     * @param maxSeqs most sequences of a run
     * @param pool who computes
     */
    public FlashAttention(
            AttentionShape shape,
            VisibleKeys visible,
            KeyValueSource source,
            @Nullable BlockLists lists,
            int maxSeqs,
            WorkerPool pool) {
        this.shape = shape;
        this.visible = visible;
        this.source = source;
        this.lists = lists;
        this.pool = pool;
        headsPerTask = lists == null ? shape.groupSize() : 1;
        int wide = Math.max(1, MAX_ROWS / headsPerTask);
        long columns = lists == null ? visible.columns(wide) : 0;
        boolean windowed = columns > 0 && 4 * columns * (shape.headDimQk() + shape.headDimVo()) <= WINDOW_BYTES;
        int few = windowed ? wide : Math.max(1, TARGET_ROWS / headsPerTask);
        tokensPerBlock = lists == null ? few : lists.blockSize();
        int tileColumns = windowed ? (int) Math.max(KeyTile.KEYS, columns) : KeyTile.KEYS;
        tile = new KeyTile(tileColumns, shape.headDimQk(), shape.headDimVo());
        block = new RowBlock(tile, Math.min(MAX_ROWS, tokensPerBlock * headsPerTask));
        window = windowed ? new WindowBlock(block) : null;
        rows = new QueryRows(shape);
        blockStarts = new int[maxSeqs + 1];
        bytesPerWorker = Math.ceilDiv(block.bytes, 256L) * 256;
    }

    /** Returns the exact size of the workspace, bytes. */
    public long workspaceBytes() {
        return bytesPerWorker * pool.numWorkers();
    }

    /** Returns the place to point at queries and outputs before a run. */
    public QueryRows rows() {
        return rows;
    }

    /**
     * Computes one step.
     *
     * @param newNumSeqs sequences of the run
     * @param newQOffsets address of {@code [numSeqs + 1]} i32
     * @param newKvLengths address of {@code [numSeqs + 1]} i32 offsets, or of {@code [numSeqs]} i32 lengths
     * @param offsets whether the former
     * @param newWorkspace address of {@link #workspaceBytes} of scratch
     */
    public void run(int newNumSeqs, long newQOffsets, long newKvLengths, boolean offsets, long newWorkspace) {
        numSeqs = newNumSeqs;
        qOffsets = newQOffsets;
        kvLengths = newKvLengths;
        cumulative = offsets;
        workspace = newWorkspace;
        int blocks = 0;
        for (int s = 0; s < numSeqs; s++) {
            blockStarts[s] = blocks;
            int length = integer(qOffsets, s + 1L) - integer(qOffsets, s);
            int lead = lists == null ? 0 : Math.floorMod(numKeys(s) - length, tokensPerBlock);
            blocks += length == 0 ? 0 : Math.ceilDiv(lead + length, tokensPerBlock);
        }
        blockStarts[numSeqs] = blocks;
        int tasksPerBlock = shape.kvHeads().length * shape.groupSize() / headsPerTask;
        pool.parallelFor(Math.multiplyExact(blocks, tasksPerBlock), body);
    }

    private void task(int worker, int task) {
        int tasksPerBlock = shape.kvHeads().length * shape.groupSize() / headsPerTask;
        int number = blockStarts[numSeqs] - 1 - task / tasksPerBlock;
        int sequence = 0;
        while (blockStarts[sequence + 1] <= number) {
            sequence++;
        }
        int served = task % tasksPerBlock * headsPerTask;
        int length = integer(qOffsets, sequence + 1L) - integer(qOffsets, sequence);
        int lead = lists == null ? 0 : Math.floorMod(numKeys(sequence) - length, tokensPerBlock);
        int blockRow = number - blockStarts[sequence];
        int from = Math.max(0, blockRow * tokensPerBlock - lead);
        int to = Math.min(length, (blockRow + 1) * tokensPerBlock - lead);
        int step = Math.max(1, block.maxRows / headsPerTask);
        for (int token = from; token < to; token += step) {
            part(sequence, served, blockRow, token, Math.min(to, token + step), workspace + worker * bytesPerWorker);
        }
    }

    /** Query tokens [from, to) of a sequence for the heads of one task. */
    private void part(int sequence, int served, int blockRow, int from, int to, long work) {
        int firstQuery = integer(qOffsets, sequence);
        int numKeys = numKeys(sequence);
        int lastKeys = numKeys - (integer(qOffsets, sequence + 1L) - firstQuery);
        int firstKey = cumulative ? integer(kvLengths, sequence) : 0;
        int group = served / shape.groupSize();
        int firstHead = shape.kvHeads()[group] * shape.groupSize() + served % shape.groupSize();
        int tokens = to - from;
        for (int h = 0; window != null && h < headsPerTask; h++) { // few keys a query: its own lines count
            Memory.all().set(JAVA_INT, work, rows.fetch((long) firstQuery + from, firstHead + h, tokens));
        }
        for (int t = 0; t < tokens; t++) { // the heads of a token lie side by side
            for (int h = 0; h < headsPerTask; h++) {
                int row = h * tokens + t;
                long entry = work + block.visibleAt + VisibleKeys.ENTRY_BYTES * row;
                rows.load(firstQuery + from + t, firstHead + h, block, row, work);
                visible.write(firstQuery + from + t, (long) from + t + lastKeys, firstKey, numKeys, entry);
            }
        }
        int numRows = tokens * headsPerTask;
        block.clear(numRows, work);
        int slot = shape.kvSlots()[group];
        if (lists != null) {
            visitChosen(lists, sequence, slot, firstHead, blockRow, numKeys, numRows, work);
        } else if (window == null) {
            visitVisible(sequence, slot, tokens, numRows, work);
        } else if (!window.apply(source, sequence, slot, numRows, (int) visible.sinkKeys(firstKey, numKeys), work)) {
            if (tokens > 1) { // positions far apart: whether a row's keys fit must not depend on its neighbours
                part(sequence, served, blockRow, from, from + tokens / 2, work);
                part(sequence, served, blockRow, from + tokens / 2, to, work);
                return;
            }
            visitVisible(sequence, slot, tokens, numRows, work);
        }
        for (int t = 0; t < tokens; t++) {
            for (int h = 0; h < headsPerTask; h++) {
                rows.store(firstQuery + from + t, firstHead + h, block, h * tokens + t, work);
            }
        }
    }

    /** Visits the sink and the window of the block's tokens, tile by tile on the grid. */
    private void visitVisible(int sequence, int slot, int tokens, int numRows, long work) {
        long low = Long.MAX_VALUE;
        long high = 0;
        long sink = 0;
        MemorySegment all = Memory.all();
        for (int t = 0; t < tokens; t++) {
            long entry = work + block.visibleAt + VisibleKeys.ENTRY_BYTES * t;
            sink = Math.max(sink, all.get(JAVA_INT, entry));
            if (all.get(JAVA_INT, entry + 4) < all.get(JAVA_INT, entry + 8)) {
                low = Math.min(low, all.get(JAVA_INT, entry + 4));
                high = Math.max(high, all.get(JAVA_INT, entry + 8));
            }
        }
        if (sink >= low) {
            low = 0;
            sink = 0;
        }
        visitRange(sequence, slot, 0, sink, numRows, work);
        visitRange(sequence, slot, low, high, numRows, work);
    }

    private void visitRange(int sequence, int slot, long low, long high, int numRows, long work) {
        long first = low / KeyTile.KEYS * KeyTile.KEYS;
        for (; first < high; first += KeyTile.KEYS) {
            int from = (int) (Math.max(low, first) - first);
            int to = (int) Math.min(KeyTile.KEYS, high - first);
            source.load(sequence, slot, first, from, to, tile, work);
            block.apply(numRows, first, from, to, work);
        }
    }

    /** Visits the chosen blocks; neighbours that fit one tile share it. */
    private void visitChosen(
            BlockLists chosen, int sequence, int slot, int head, int blockRow, int numKeys, int numRows, long work) {
        long row = chosen.row(sequence, blockRow);
        int count = chosen.count(row, head);
        int size = chosen.blockSize();
        for (int n = 0; n < count; n++) {
            long low = chosen.block(row, head, n) * size;
            long high = low + size;
            while (n + 1 < count
                    && high - low + size <= KeyTile.KEYS
                    && chosen.block(row, head, n + 1) * size == high) {
                high += size;
                n++;
            }
            high = Math.min(high, numKeys);
            for (long first = low; first < high; first += KeyTile.KEYS) {
                int to = (int) Math.min(KeyTile.KEYS, high - first);
                source.load(sequence, slot, first, 0, to, tile, work);
                block.apply(numRows, first, 0, to, work);
            }
        }
    }

    private int numKeys(int sequence) {
        int value = integer(kvLengths, cumulative ? sequence + 1L : sequence);
        return cumulative ? value - integer(kvLengths, sequence) : value;
    }

    private static int integer(long array, long index) {
        return Memory.all().get(JAVA_INT_UNALIGNED, array + 4 * index);
    }

    /** Names the tile and the lanes, for kernel ids. */
    public String describe() {
        return "q" + block.maxRows + "_k" + KeyTile.KEYS + "_v" + Lanes.BITS;
    }
}
