package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;
import java.util.Optional;

/**
 * Writes keys and values of new tokens into cache pages: RoPE, quantization, page write and statistics in one step
 * (LServe section 3.6; QServe section 5.1).
 *
 * <p>The token at position p of its sequence goes to slot {@code p % pageSize} of the page in column {@code
 * addressing.column(p / pageSize)}. Tokens of one call are written as if in order, so in a ring the newest page of
 * a column stays. Statistics are assigned by the first token of a logical page and widened by later ones, from the
 * key as it reads back from the page; a recycled page therefore never keeps bounds of its former owner. Only the
 * slots named by the positions, and the statistics of their logical pages, change; the neighbour nibble of a 4-bit
 * code does not. A NaN in a key makes the bounds of its channel NaN.
 *
 * @param heads the heads of the class, with their index in the page layout as slot
 * @param kv the pages
 * @param rotary applied to keys, which are rounded to the dtype of k as by {@link Rope}, before storage; absent when
 *     k is rotated already
 * @param k {@code [numTokens, numKvHeads, headDimQk]} f32, f16 or bf16, all KV heads of the layer
 * @param v {@code [numTokens, numKvHeads, headDimVo]} same dtype as k
 * @param qOffsets {@code [numSeqs + 1]} i32
 * @param positions {@code [numTokens]} i32, absolute, ascending by one within a sequence
 */
public record KvAppend(
        HeadMap heads,
        KvPages kv,
        Optional<Rotary> rotary,
        TensorRef k,
        TensorRef v,
        TensorRef qOffsets,
        TensorRef positions)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return Refs.list(List.of(k, v, qOffsets, positions, kv.pageTable()), rotary.map(Rotary::frequencies));
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(kv.pages());
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl kDecl = tensors.requireRank(opName(), tensors.requireFloat(opName(), k), 3);
        TensorDecl vDecl = tensors.requireRank(opName(), tensors.require(opName(), v, kDecl.dtype()), 3);
        tensors.requireExtent(opName(), kDecl, 1, heads.numKvHeads());
        tensors.requireExtent(opName(), vDecl, 1, heads.numKvHeads());
        kv.check(opName(), tensors, (int) kDecl.capacity(2), (int) vDecl.capacity(2));
        tensors.requireIndices(opName(), qOffsets);
        tensors.requireIndices(opName(), positions);
        rotary.ifPresent(r -> r.check(opName(), tensors, kDecl.capacity(2)));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double share = heads.numServedKvHeads() / (double) heads.numKvHeads();
        double read = (Refs.rowBytes(tensors.get(k)) + Refs.rowBytes(tensors.get(v))) * share;
        double written = (double) kv.layout().pageBytes() / kv.layout().pageSize();
        double flops = 8.0 * kv.layout().headDimQk() * heads.numServedKvHeads();
        return new Cost(flops * load.numTokens(), read * load.numTokens(), written * load.numTokens());
    }
}
