package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * Exact softmax attention over contiguous keys and values: {@code out = softmax(scale * q k^T + mask) v} per sequence
 * and head (Vaswani et al. 2017, section 3.2.1).
 *
 * <p>A query that sees no key, as in a sequence of 0 keys or with Lk &lt; Lq under the causal mask, gets out 0 and
 * lse -inf.
 *
 * @param heads which heads, see {@link HeadMap}
 * @param masking causal (bottom-right aligned) or bidirectional
 * @param scale factor on every score, usually {@code 1 / sqrt(headDimQk)}
 * @param q {@code [numTokens, numQoHeads, headDimQk]} f32, f16 or bf16
 * @param k {@code [numKvTokens, numKvSlots, headDimQk]} f32, f16 or bf16
 * @param v {@code [numKvTokens, numKvSlots, headDimVo]} same dtype as k
 * @param qOffsets {@code [numSeqs + 1]} i32, first 0, last numTokens
 * @param kvOffsets {@code [numSeqs + 1]} i32, first 0, last numKvTokens
 * @param out {@code [numTokens, numQoHeads, headDimVo]} f32, f16 or bf16
 * @param lse {@code [numTokens, numQoHeads]} f32, natural log of the softmax denominator
 */
public record DenseAttention(
        HeadMap heads,
        Masking masking,
        float scale,
        TensorRef q,
        TensorRef k,
        TensorRef v,
        TensorRef qOffsets,
        TensorRef kvOffsets,
        TensorRef out,
        TensorRef lse)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(q, k, v, qOffsets, kvOffsets);
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
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double pairs = masking == Masking.CAUSAL ? load.causalPairs() : load.numTokens() * load.contextTokens();
        return AttentionChecks.cost(tensors, load, heads, q, k, v, out, pairs, load.numSeqs() * load.contextTokens());
    }
}
