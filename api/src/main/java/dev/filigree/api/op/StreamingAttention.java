package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;
import java.util.Optional;

/**
 * Attention of streaming heads over contiguous keys: each query sees the sink and the recent tokens only, token-exact
 * (DuoAttention section 2.1 with the mask of StreamingLLM section 3.2; LServe section 3.3).
 *
 * <p>Keys carry their absolute position, so the same op serves whole prompts, chunks, and the content of a ring that
 * lost its middle. Without explicit positions, key j of a sequence stands at position j and query i at
 * {@code i + (Lk - Lq)}. Work grows with {@code sink + recent}, never with the context.
 *
 * @param heads which heads
 * @param pattern sink and recent window
 * @param scale factor on every score
 * @param q {@code [numTokens, numQoHeads, headDimQk]} f32, f16 or bf16
 * @param k {@code [numKvTokens, numKvSlots, headDimQk]} f32, f16 or bf16
 * @param v {@code [numKvTokens, numKvSlots, headDimVo]} same dtype as k
 * @param qOffsets {@code [numSeqs + 1]} i32
 * @param kvOffsets {@code [numSeqs + 1]} i32
 * @param qPositions {@code [numTokens]} i32, absolute and ascending by one within a sequence; absent: see above
 * @param kvPositions {@code [numKvTokens]} i32, absolute and ascending within a sequence; absent: see above
 * @param out {@code [numTokens, numQoHeads, headDimVo]} f32, f16 or bf16
 * @param lse {@code [numTokens, numQoHeads]} f32, natural log
 */
public record StreamingAttention(
        HeadMap heads,
        HeadPattern.Streaming pattern,
        float scale,
        TensorRef q,
        TensorRef k,
        TensorRef v,
        TensorRef qOffsets,
        TensorRef kvOffsets,
        Optional<TensorRef> qPositions,
        Optional<TensorRef> kvPositions,
        TensorRef out,
        TensorRef lse)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return Refs.list(List.of(q, k, v, qOffsets, kvOffsets), qPositions, kvPositions);
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
        qPositions.ifPresent(ref -> tensors.requireIndices(opName(), ref));
        kvPositions.ifPresent(ref -> tensors.requireIndices(opName(), ref));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double window = (double) pattern.sink() + pattern.recent();
        double perSeq = load.numSeqs() == 0 ? 0 : (double) load.numTokens() / load.numSeqs();
        double kvTokens = load.numSeqs() * Math.min(load.contextTokens(), window + perSeq);
        return AttentionChecks.cost(tensors, load, heads, q, k, v, out, load.pairsUpTo(window), kvTokens);
    }
}
