package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * Second half of a low-rank branch: {@code y += hiddenRank up^T}, added in fp32 and rounded once (SVDQuant section
 * 4.2).
 *
 * @param hiddenRank {@code [numTokens, rank]} f32
 * @param up {@code [outFeatures, rank]} f32, f16 or bf16
 * @param y {@code [numTokens, outFeatures]} f32, f16 or bf16, read and written
 */
public record LowRankUp(TensorRef hiddenRank, TensorRef up, TensorRef y) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(hiddenRank, up);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(y);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl u = tensors.requireRank(opName(), tensors.requireFloat(opName(), up), 2);
        tensors.requireRow(opName(), tensors.require(opName(), hiddenRank, DType.F32), u.capacity(1));
        tensors.requireRow(opName(), tensors.requireFloat(opName(), y), u.capacity(0));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double flops = 2.0 * tensors.get(up).capacity(0) * tensors.get(up).capacity(1);
        return Refs.perToken(tensors, load, List.of(hiddenRank, y), outputs(), flops);
    }
}
