package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * Gathers what a class of heads retains of the past, followed by the current tokens, into contiguous keys and
 * values: the bridge from cache pages to the ops over contiguous tensors.
 *
 * <p>Per sequence the output holds {@code retention.retainedTokens(past)} rows from the pages, in ascending
 * position, then one row per current token. It runs before the current tokens are appended where the addressing is
 * a ring, and at any time otherwise: rows of the past are always read from the pages and current rows always from
 * {@code kCurrent} and {@code vCurrent}.
 *
 * @param heads the heads of the class, with their index in the page layout and in the outputs as slot
 * @param kv the pages
 * @param retention which past rows come out
 * @param roundCurrent whether current rows pass through the page's storage, quantized and read back
 * @param kCurrent {@code [numTokens, numKvHeads, headDimQk]} f32, f16 or bf16, RoPE applied, all KV heads of the
 *     layer
 * @param vCurrent {@code [numTokens, numKvHeads, headDimVo]} same dtype
 * @param qOffsets {@code [numSeqs + 1]} i32, current tokens
 * @param pastLengths {@code [numSeqs]} i32, tokens before the current ones
 * @param kvOffsets {@code [numSeqs + 1]} i32, rows of the outputs
 * @param k {@code [numKvTokens, numHeads, headDimQk]} f32, f16 or bf16, heads of the class only
 * @param v {@code [numKvTokens, numHeads, headDimVo]} same dtype as k
 * @param kvPositions {@code [numKvTokens]} i32, absolute position of each row
 */
public record KvDequantize(
        HeadMap heads,
        KvPages kv,
        Retention retention,
        boolean roundCurrent,
        TensorRef kCurrent,
        TensorRef vCurrent,
        TensorRef qOffsets,
        TensorRef pastLengths,
        TensorRef kvOffsets,
        TensorRef k,
        TensorRef v,
        TensorRef kvPositions)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(kv.pages(), kv.pageTable(), kCurrent, vCurrent, qOffsets, pastLengths, kvOffsets);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(k, v, kvPositions);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl kDecl = tensors.requireRank(opName(), tensors.requireFloat(opName(), k), 3);
        TensorDecl vDecl = tensors.requireRank(opName(), tensors.require(opName(), v, kDecl.dtype()), 3);
        tensors.requireExtent(opName(), kDecl, 1, kv.layout().numHeads());
        tensors.requireExtent(opName(), vDecl, 1, kv.layout().numHeads());
        TensorDecl kNow = tensors.requireRank(opName(), tensors.requireFloat(opName(), kCurrent), 3);
        TensorDecl vNow = tensors.requireRank(opName(), tensors.require(opName(), vCurrent, kNow.dtype()), 3);
        tensors.requireExtent(opName(), kNow, 1, heads.numKvHeads());
        tensors.requireExtent(opName(), vNow, 1, heads.numKvHeads());
        tensors.requireExtent(opName(), kNow, 2, kDecl.capacity(2));
        tensors.requireExtent(opName(), vNow, 2, vDecl.capacity(2));
        kv.check(opName(), tensors, (int) kDecl.capacity(2), (int) vDecl.capacity(2));
        for (TensorRef ref : List.of(qOffsets, pastLengths, kvOffsets, kvPositions)) {
            tensors.requireRank(opName(), tensors.require(opName(), ref, DType.I32), 1);
        }
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double rows = load.numSeqs() * (double) retention.retainedTokens(load.contextTokens());
        double read = (double) kv.layout().pageBytes() / kv.layout().pageSize();
        double written = Refs.rowBytes(tensors.get(k)) + Refs.rowBytes(tensors.get(v));
        return new Cost(0, rows * read, rows * written);
    }
}
