package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;
import java.util.Optional;

/**
 * Causal attention that reads keys and values from cache pages: decode and chunked prefill (vLLM/PagedAttention
 * section 4; LServe sections 3.4 and 3.6). The current tokens are already in the pages. Query i of a sequence with
 * Lq queries stands at position {@code p = kvLength - Lq + i} and sees the keys that the pattern and, if given,
 * the chosen pages allow, never one past p. Quantized pages are read as {@code scale * (code - zero)}.
 *
 * <p>With chosen pages each sequence has exactly one query. A query that sees no key gets out 0 and lse -inf. The
 * result does not depend on page ids, on the order of pages in a list, or beyond rounding on how the keys are
 * split between workers; splits are merged in a fixed order.
 *
 * @param heads which heads; {@code kvSlots} index the heads of the page layout
 * @param pattern dense or streaming; a streaming pattern must lie within what the ring retains
 * @param scale factor on every score
 * @param kv the pages
 * @param q {@code [numTokens, numQoHeads, headDimQk]} f32, f16 or bf16, RoPE applied
 * @param qOffsets {@code [numSeqs + 1]} i32
 * @param kvLengths {@code [numSeqs]} i32, tokens per sequence in the cache, the current ones included
 * @param choice pages to read; absent: all that the pattern allows
 * @param out {@code [numTokens, numQoHeads, headDimVo]} f32, f16 or bf16
 * @param lse {@code [numTokens, numQoHeads]} f32, natural log
 */
public record PagedAttention(
        HeadMap heads,
        HeadPattern pattern,
        float scale,
        KvPages kv,
        TensorRef q,
        TensorRef qOffsets,
        TensorRef kvLengths,
        Optional<PageChoice> choice,
        TensorRef out,
        TensorRef lse)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return Refs.list(
                List.of(q, kv.pages(), kv.pageTable(), qOffsets, kvLengths),
                choice.map(PageChoice::counts),
                choice.map(PageChoice::pages),
                choice.map(PageChoice::slots));
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out, lse);
    }

    @Override
    public void check(Tensors tensors) {
        AttentionChecks.queries(opName(), tensors, heads, q, out, lse);
        kv.check(opName(), tensors, (int) tensors.get(q).capacity(2), (int)
                tensors.get(out).capacity(2));
        tensors.requireIndices(opName(), qOffsets);
        tensors.requireIndices(opName(), kvLengths);
        choice.ifPresent(c -> c.check(opName(), tensors, heads.numQoHeads(), heads.numKvHeads()));
        for (int slot : heads.kvSlots()) {
            if (slot >= kv.layout().numHeads()) {
                throw new PlanException(opName() + ": KV slot " + slot + " must be below the "
                        + kv.layout().numHeads() + " heads of " + kv);
            }
        }
        if (!retainsPattern()) {
            throw new PlanException(opName() + ": pattern " + pattern + " must lie within what " + kv.addressing()
                    + " of " + kv + " retains");
        }
    }

    /** Whether every key that a single newest query may see is still in its page. */
    private boolean retainsPattern() {
        if (!(kv.addressing() instanceof KvAddressing.Ring ring)) {
            return true;
        }
        if (!(pattern instanceof HeadPattern.Streaming(int sink, int recent))) {
            return false;
        }
        KvAddressing.Ring needed = KvAddressing.Ring.of(
                new Retention.SinkAndRecent(sink, recent), kv.layout().pageSize());
        return needed.sinkPages() <= ring.sinkPages() && needed.ringPages() <= ring.ringPages();
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double window = pattern instanceof HeadPattern.Streaming(int sink, int recent)
                ? (double) sink + recent
                : load.contextTokens();
        double density = choice.isPresent() ? load.expectedDensity() : 1;
        double pairs = load.pairsUpTo(window) * density;
        double perSeq = load.numSeqs() == 0 ? 0 : (double) load.numTokens() / load.numSeqs();
        double keys = load.numSeqs() * Math.min(load.contextTokens(), window + perSeq - 1) * density;
        double tokenBytes = (double) kv.layout().kMaxOffset()
                / Math.max(1, kv.layout().numHeads())
                / kv.layout().pageSize();
        long dims = (long) kv.layout().headDimQk() + kv.layout().headDimVo();
        double share = heads.numServedQoHeads() / (double) heads.numQoHeads();
        boolean readAlone = choice.isPresent() && choice.get().scope() == PageChoice.SelectionScope.QUERY_HEAD;
        int readers = readAlone ? heads.numServedQoHeads() : heads.numServedKvHeads();
        return new Cost(
                2 * pairs * dims * heads.numServedQoHeads(),
                load.numTokens() * Refs.rowBytes(tensors.get(q)) * share + keys * tokenBytes * readers,
                load.numTokens() * (Refs.rowBytes(tensors.get(out)) + 4.0 * heads.numQoHeads()) * share);
    }
}
