package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * {@code out = x / sqrt(mean(x^2) + eps) * weight} over the innermost axis (Zhang and Sennrich 2019). With x of
 * {@code [numTokens, numHeads, headDim]} it is the per-head norm of Qwen3.
 *
 * @param eps added to the mean square
 * @param x {@code [numTokens, ..., n]} f32, f16 or bf16
 * @param weight {@code [n]} f32, f16 or bf16
 * @param out as x; may be x
 */
public record RmsNorm(float eps, TensorRef x, TensorRef weight, TensorRef out) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(x, weight);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl in = tensors.requireFloat(opName(), x);
        TensorDecl w = tensors.requireRank(opName(), tensors.requireFloat(opName(), weight), 1);
        tensors.requireExtent(opName(), w, 0, in.capacity(in.rank() - 1));
        tensors.requireRow(opName(), tensors.requireFloat(opName(), out), in.rowElements());
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        return Refs.perToken(
                tensors, load, List.of(x), outputs(), 4.0 * tensors.get(x).rowElements());
    }
}
