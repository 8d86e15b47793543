package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.filigree.cpu.vector.lanes.Memory;
import java.util.Objects;

/** The chosen key blocks of every row of query blocks and head: addresses and byte strides of the current run. */
public final class BlockLists {
    private final int blockSize;
    private long rowOffsets;
    private long maxRows;
    private long counts;
    private long countRowStride;
    private long countHeadStride;
    private long maxBlocks;
    private long indices;
    private long indexRowStride;
    private long indexHeadStride;

    /** Lists of blocks of {@code blockSize} tokens. */
    public BlockLists(int blockSize) {
        this.blockSize = blockSize;
    }

    /** Points at {@code [numSeqs + 1]} i32: where each sequence's block rows start. */
    public void rowOffsets(long address) {
        rowOffsets = address;
    }

    /** Points at {@code [numQBlocks, numQoHeads]} i32. */
    public void counts(long address, long rowStride, long headStride, long numRows) {
        maxRows = numRows;
        counts = address;
        countRowStride = rowStride;
        countHeadStride = headStride;
    }

    /** Points at {@code [numQBlocks, numQoHeads, maxKvBlocks]} i32, innermost contiguous. */
    public void indices(long address, long rowStride, long headStride, long maxCount) {
        maxBlocks = maxCount;
        indices = address;
        indexRowStride = rowStride;
        indexHeadStride = headStride;
    }

    int blockSize() {
        return blockSize;
    }

    long row(int sequence, long blockRow) {
        long row = Memory.all().get(JAVA_INT_UNALIGNED, rowOffsets + 4L * sequence) + blockRow;
        return Objects.checkIndex(row, maxRows);
    }

    int count(long row, int head) {
        int count = Memory.all().get(JAVA_INT_UNALIGNED, counts + row * countRowStride + head * countHeadStride);
        return Objects.checkIndex(count, Math.toIntExact(maxBlocks + 1));
    }

    long block(long row, int head, int n) {
        int block =
                Memory.all().get(JAVA_INT_UNALIGNED, indices + row * indexRowStride + head * indexHeadStride + 4L * n);
        return Objects.checkIndex(block, Integer.MAX_VALUE);
    }
}
