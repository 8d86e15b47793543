package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * Estimated attention mass per block from sums along antidiagonals (XAttention section 2.1).
 *
 * <p>Tokens at absolute positions {@code [i * stride, (i + 1) * stride)} form stripe i. The raw score of query
 * stripe i and key stripe j is {@code T[i, j] = sum_r q[i * stride + (stride - 1 - r)] . k[j * stride + r]} over
 * the residues r whose query and key both exist in the sequence, scaled by {@code scale / (stride * norm)}; causal
 * masking keeps {@code j <= i}, the diagonal pair whole. Softmax runs in fp32 over all reachable key stripes of
 * the whole context, so the result does not depend on chunking as long as chunks start at multiples of blockSize.
 * {@code blockMass[b, h, c]} sums the probabilities of the stripes of query block b and key block c; stripes
 * without a query of this call count nothing. Unreachable blocks get 0, up to maxKvBlocks.
 *
 * <p>Residues: {@code ANTIDIAGONAL} is the paper's pairing. With an even stride it never samples the main diagonal
 * or any even one; {@code ALTERNATING} pairs query residue {@code (stride - 1 - r + (j & 1)) mod stride}, so
 * neighbouring key stripes sample both parities.
 *
 * @param heads which heads
 * @param masking causal or bidirectional
 * @param scale factor on ordinary scores, usually {@code 1 / sqrt(headDimQk)}
 * @param blockSize tokens per block
 * @param stride tokens per stripe, a divisor of blockSize
 * @param norm further divisor of scores, 1 in the paper
 * @param residues how tokens of two stripes are paired
 * @param q {@code [numTokens, numQoHeads, headDimQk]} f32, f16 or bf16
 * @param k {@code [numKvTokens, numKvSlots, headDimQk]} f32, f16 or bf16
 * @param qOffsets {@code [numSeqs + 1]} i32
 * @param kvOffsets {@code [numSeqs + 1]} i32
 * @param qBlockOffsets {@code [numSeqs + 1]} i32, first block row of each sequence
 * @param blockMass {@code [numQBlocks, numQoHeads, maxKvBlocks]} f32
 */
public record AntidiagonalScore(
        HeadMap heads,
        Masking masking,
        float scale,
        int blockSize,
        int stride,
        float norm,
        Residues residues,
        TensorRef q,
        TensorRef k,
        TensorRef qOffsets,
        TensorRef kvOffsets,
        TensorRef qBlockOffsets,
        TensorRef blockMass)
        implements Op {

    /** How tokens of two stripes are paired. */
    public enum Residues {
        /** Query residue {@code stride - 1 - r} with key residue r. */
        ANTIDIAGONAL,
        /** The antidiagonal shifted by one residue in odd key stripes. */
        ALTERNATING
    }

    /** Checks the stride. */
    public AntidiagonalScore {
        if (blockSize < 1 || stride < 1 || blockSize % stride != 0) {
            throw new PlanException("AntidiagonalScore: stride must divide blockSize " + blockSize + ", not " + stride);
        }
    }

    @Override
    public List<TensorRef> inputs() {
        return List.of(q, k, qOffsets, kvOffsets, qBlockOffsets);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(blockMass);
    }

    @Override
    public void check(Tensors tensors) {
        AttentionChecks.query(opName(), tensors, heads, q);
        AttentionChecks.key(opName(), tensors, heads, q, k);
        tensors.requireIndices(opName(), qOffsets);
        tensors.requireIndices(opName(), kvOffsets);
        tensors.requireIndices(opName(), qBlockOffsets);
        TensorDecl mass = tensors.requireRank(opName(), tensors.require(opName(), blockMass, DType.F32), 3);
        tensors.requireExtent(opName(), mass, 1, heads.numQoHeads());
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double pairs = masking == Masking.CAUSAL ? load.causalPairs() : load.numTokens() * load.contextTokens();
        long headDim = tensors.get(q).capacity(2);
        double share = heads.numServedQoHeads() / (double) heads.numQoHeads();
        double keyBytes = headDim * tensors.get(k).dtype().bits() / 8.0 * heads.numServedKvHeads();
        return new Cost(
                2 * pairs / stride * headDim * heads.numServedQoHeads(),
                load.numTokens() * Refs.rowBytes(tensors.get(q)) * share
                        + load.numSeqs() * load.contextTokens() * keyBytes,
                4 * pairs / blockSize / blockSize * heads.numServedQoHeads());
    }
}
