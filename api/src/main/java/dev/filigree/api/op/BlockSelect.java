package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * Chooses per head and block row the fewest key blocks whose estimated mass reaches a share of the row's total
 * (XAttention section 2.2).
 *
 * <p>Causal rows always keep the blocks that hold the row's diagonal and key block 0; bidirectional rows keep
 * block 0 or the diagonal only if asked to. Their mass counts. The remaining reachable blocks are taken in order
 * of falling mass, ties to the lower block, while the mass taken so far is below {@code threshold * total}; the
 * block that crosses the line is taken. Sums run in fp64 in ascending block order. A threshold of 1 or more takes
 * every reachable block; a row without mass keeps the mandatory blocks. A NaN in a row's mass or threshold
 * takes every reachable block.
 *
 * @param heads which heads
 * @param masking causal or bidirectional
 * @param blockSize tokens per block
 * @param group how query heads of one KV head agree
 * @param keepSink keep key block 0 in bidirectional rows too
 * @param keepDiagonal keep the diagonal blocks in bidirectional rows too
 * @param blockMass {@code [numQBlocks, numQoHeads, maxKvBlocks]} f32
 * @param thresholds {@code [numQoHeads]} f32, share of mass to reach
 * @param qOffsets {@code [numSeqs + 1]} i32
 * @param kvOffsets {@code [numSeqs + 1]} i32
 * @param qBlockOffsets {@code [numSeqs + 1]} i32
 * @param blockCounts {@code [numQBlocks, numQoHeads]} i32
 * @param blockIndices {@code [numQBlocks, numQoHeads, maxKvBlocks]} i32, ascending; entries past the count are
 *     left alone
 */
public record BlockSelect(
        HeadMap heads,
        Masking masking,
        int blockSize,
        GroupMode group,
        boolean keepSink,
        boolean keepDiagonal,
        TensorRef blockMass,
        TensorRef thresholds,
        TensorRef qOffsets,
        TensorRef kvOffsets,
        TensorRef qBlockOffsets,
        TensorRef blockCounts,
        TensorRef blockIndices)
        implements Op {

    /** How the query heads of one KV head agree on blocks. */
    public enum GroupMode {
        /** Each query head chooses for itself. */
        QUERY_HEAD,
        /** A block that any head of the group chose is chosen by all. */
        UNION,
        /**
         * The heads choose together from the mean of their masses, each normalised by its row total (no mass at all
         * counts 0), at their mean threshold.
         */
        MEAN,
        /** A block that more than half of the group's heads chose is chosen by all; mandatory blocks always are. */
        MAJORITY
    }

    @Override
    public List<TensorRef> inputs() {
        return List.of(blockMass, thresholds, qOffsets, kvOffsets, qBlockOffsets);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(blockCounts, blockIndices);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl mass = tensors.requireRank(opName(), tensors.require(opName(), blockMass, DType.F32), 3);
        tensors.requireExtent(opName(), mass, 1, heads.numQoHeads());
        TensorDecl limits = tensors.requireRank(opName(), tensors.require(opName(), thresholds, DType.F32), 1);
        tensors.requireExtent(opName(), limits, 0, heads.numQoHeads());
        tensors.requireIndices(opName(), qOffsets);
        tensors.requireIndices(opName(), kvOffsets);
        tensors.requireIndices(opName(), qBlockOffsets);
        BlockSparseAttention.BlockLists.check(
                opName(), tensors, heads.numQoHeads(), blockSize, blockCounts, blockIndices);
        tensors.requireExtent(opName(), tensors.get(blockIndices), 2, mass.capacity(2));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double blocks = load.causalPairs() / blockSize / blockSize * heads.numServedQoHeads();
        return new Cost(blocks * 8, blocks * 4, blocks * 4 * load.expectedDensity());
    }
}
