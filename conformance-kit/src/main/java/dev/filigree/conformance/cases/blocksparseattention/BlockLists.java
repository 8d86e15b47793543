package dev.filigree.conformance.cases.blocksparseattention;

import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.generate.Generator;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Chosen key blocks per block row and query head of a ragged batch. Queries stand at the end of their keys, and
 * blocks are anchored at absolute positions, so a sequence with {@code past = Lk - Lq} has {@code ceil(Lk /
 * blockSize) - floor(past / blockSize)} block rows, none without queries.
 */
public final class BlockLists {
    private final AttentionShape shape;
    private final int blockSize;
    private final int[][] chosen;

    private BlockLists(AttentionShape shape, int blockSize) {
        this.shape = shape;
        this.blockSize = blockSize;
        chosen = new int[rowOffsets(shape, blockSize)[shape.numSeqs()] * shape.numQoHeads()][];
    }

    /** Where each sequence's block rows start. */
    public static int[] rowOffsets(AttentionShape shape, int blockSize) {
        int[] rows = new int[shape.numSeqs()];
        for (int s = 0; s < rows.length; s++) {
            int past = shape.kvLengths()[s] - shape.qLengths()[s];
            rows[s] = shape.qLengths()[s] == 0 ? 0 : Math.ceilDiv(shape.kvLengths()[s], blockSize) - past / blockSize;
        }
        return AttentionShape.offsets(rows);
    }

    /** Every block of every sequence, whether a mask lets it through or not. */
    public static BlockLists all(AttentionShape shape, int blockSize) {
        BlockLists lists = new BlockLists(shape, blockSize);
        lists.fill((keyBlocks, rowBlock) -> IntStream.range(0, keyBlocks).toArray());
        return lists;
    }

    /** Random subsets, some empty, some with blocks that a causal mask hides. */
    public static BlockLists random(Generator generator, AttentionShape shape, int blockSize) {
        BlockLists lists = new BlockLists(shape, blockSize);
        lists.fill((keyBlocks, rowBlock) -> generator.subset(keyBlocks, generator.below(keyBlocks + 1)));
        return lists;
    }

    /** The same lists for every head and row. */
    public static BlockLists same(AttentionShape shape, int blockSize, int... blocks) {
        BlockLists lists = new BlockLists(shape, blockSize);
        lists.fill((keyBlocks, rowBlock) ->
                Arrays.stream(blocks).filter(b -> b < keyBlocks).toArray());
        return lists;
    }

    private interface Chooser {
        int[] choose(int keyBlocks, int rowBlock);
    }

    private void fill(Chooser chooser) {
        int[] offsets = rowOffsets(shape, blockSize);
        for (int s = 0; s < shape.numSeqs(); s++) {
            int first = (shape.kvLengths()[s] - shape.qLengths()[s]) / blockSize;
            int keyBlocks = Math.ceilDiv(shape.kvLengths()[s], blockSize);
            for (int row = offsets[s]; row < offsets[s + 1]; row++) {
                for (int h = 0; h < shape.numQoHeads(); h++) {
                    chosen[row * shape.numQoHeads() + h] = chooser.choose(keyBlocks, first + row - offsets[s]);
                }
            }
        }
    }

    /** Tokens per block. */
    public int blockSize() {
        return blockSize;
    }

    /** Block rows of all sequences. */
    public int numQBlocks() {
        return chosen.length / shape.numQoHeads();
    }

    /** Key blocks of the longest sequence, and one more that is never in use. */
    public int maxKvBlocks() {
        return Math.ceilDiv(shape.maxKvLength(), blockSize) + 1;
    }

    /** Chosen blocks of a row and head. */
    public int[] of(int row, int head) {
        return chosen[row * shape.numQoHeads() + head];
    }

    /** Replaces the list of a row and head. */
    public void set(int row, int head, int... blocks) {
        chosen[row * shape.numQoHeads() + head] = blocks;
    }

    /** {@code [numQBlocks, numQoHeads]}. */
    public int[] counts() {
        return Arrays.stream(chosen).mapToInt(list -> list.length).toArray();
    }

    /** {@code [numQBlocks, numQoHeads, maxKvBlocks]}, hostile past the counts. */
    public int[] indices(Generator generator) {
        int[] all = new int[chosen.length * maxKvBlocks()];
        for (int i = 0; i < all.length; i++) {
            int[] list = chosen[i / maxKvBlocks()];
            all[i] = i % maxKvBlocks() < list.length ? list[i % maxKvBlocks()] : generator.hostile();
        }
        return all;
    }
}
