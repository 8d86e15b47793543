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
 * Exact attention over chosen blocks of keys (XAttention section 2.3; the kernel family of LServe section 3.1).
 *
 * <p>Blocks are anchored at absolute positions: key block c holds keys {@code [c * blockSize, (c + 1) * blockSize)};
 * the i-th query row of blocks of a sequence holds the queries whose position {@code p = i + (Lk - Lq)} lies in
 * one block, the first row starting at the block of the first query. Within a chosen block the mask applies to
 * every element. A query whose chosen blocks hold no visible key gets out 0 and lse -inf.
 *
 * @param heads which heads
 * @param masking applied inside chosen blocks
 * @param scale factor on every score
 * @param blockSize tokens per block, for queries and keys alike
 * @param q {@code [numTokens, numQoHeads, headDimQk]} f32, f16 or bf16
 * @param k {@code [numKvTokens, numKvSlots, headDimQk]} f32, f16 or bf16
 * @param v {@code [numKvTokens, numKvSlots, headDimVo]} same dtype as k
 * @param qOffsets {@code [numSeqs + 1]} i32
 * @param kvOffsets {@code [numSeqs + 1]} i32
 * @param qBlockOffsets {@code [numSeqs + 1]} i32, where each sequence's block rows start; last numQBlocks
 * @param blockCounts {@code [numQBlocks, numQoHeads]} i32, chosen blocks per row and head
 * @param blockIndices {@code [numQBlocks, numQoHeads, maxKvBlocks]} i32, the chosen key blocks of the row's sequence,
 *     ascending and distinct; entries past the count are not read
 * @param out {@code [numTokens, numQoHeads, headDimVo]} f32, f16 or bf16
 * @param lse {@code [numTokens, numQoHeads]} f32, natural log
 */
public record BlockSparseAttention(
        HeadMap heads,
        Masking masking,
        float scale,
        int blockSize,
        TensorRef q,
        TensorRef k,
        TensorRef v,
        TensorRef qOffsets,
        TensorRef kvOffsets,
        TensorRef qBlockOffsets,
        TensorRef blockCounts,
        TensorRef blockIndices,
        TensorRef out,
        TensorRef lse)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(q, k, v, qOffsets, kvOffsets, qBlockOffsets, blockCounts, blockIndices);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out, lse);
    }

    @Override
    public void check(Tensors tensors) {
        AttentionChecks.queries(opName(), tensors, heads, q, out, lse);
        AttentionChecks.keys(opName(), tensors, heads, q, k, v, out);
        tensors.requireIndices(opName(), qOffsets);
        tensors.requireIndices(opName(), kvOffsets);
        tensors.requireIndices(opName(), qBlockOffsets);
        BlockLists.check(opName(), tensors, heads.numQoHeads(), blockSize, blockCounts, blockIndices);
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double reachable = masking == Masking.CAUSAL ? load.causalPairs() : load.numTokens() * load.contextTokens();
        double pairs = reachable * load.expectedDensity();
        return AttentionChecks.cost(tensors, load, heads, q, k, v, out, pairs, load.numSeqs() * load.contextTokens());
    }

    /** Checks shared with the op that writes the lists. */
    static final class BlockLists {
        private BlockLists() {}

        static void check(
                String op, Tensors tensors, int numQoHeads, int blockSize, TensorRef counts, TensorRef indices) {
            if (blockSize < 1) {
                throw new dev.filigree.api.plan.PlanException(op + ": blockSize must be 1 or more, not " + blockSize);
            }
            TensorDecl countDecl = tensors.requireRank(op, tensors.require(op, counts, DType.I32), 2);
            tensors.requireExtent(op, countDecl, 1, numQoHeads);
            TensorDecl indexDecl = tensors.requireRank(op, tensors.require(op, indices, DType.I32), 3);
            tensors.requireExtent(op, indexDecl, 1, numQoHeads);
        }
    }
}
