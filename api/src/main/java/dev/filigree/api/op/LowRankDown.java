package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * First half of a low-rank branch: {@code hiddenRank = x down^T} in fp32 (SVDQuant section 4.2). x is the raw
 * input, before shift and smoothing.
 *
 * @param x {@code [numTokens, inFeatures]} f32, f16 or bf16
 * @param down {@code [rank, inFeatures]} f32, f16 or bf16
 * @param hiddenRank {@code [numTokens, rank]} f32
 */
public record LowRankDown(TensorRef x, TensorRef down, TensorRef hiddenRank) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(x, down);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(hiddenRank);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl d = tensors.requireRank(opName(), tensors.requireFloat(opName(), down), 2);
        tensors.requireRow(opName(), tensors.requireFloat(opName(), x), d.capacity(1));
        tensors.requireRow(opName(), tensors.require(opName(), hiddenRank, DType.F32), d.capacity(0));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double flops = 2.0 * tensors.get(down).capacity(0) * tensors.get(down).capacity(1);
        return Refs.perToken(tensors, load, List.of(x), outputs(), flops);
    }
}
