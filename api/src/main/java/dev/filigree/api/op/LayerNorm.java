package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;
import java.util.Optional;

/**
 * {@code out = (x - mean) / sqrt(variance + eps) * weight + bias} over the innermost axis, the biased variance
 * computed from the differences (Ba et al. 2016).
 *
 * @param eps added to the variance
 * @param x {@code [numTokens, ..., n]} f32, f16 or bf16
 * @param weight {@code [n]}; absent: 1
 * @param bias {@code [n]}; absent: 0
 * @param out as x; may be x
 */
public record LayerNorm(float eps, TensorRef x, Optional<TensorRef> weight, Optional<TensorRef> bias, TensorRef out)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return Refs.list(List.of(x), weight, bias);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl in = tensors.requireFloat(opName(), x);
        for (Optional<TensorRef> ref : List.of(weight, bias)) {
            ref.ifPresent(r -> tensors.requireExtent(
                    opName(),
                    tensors.requireRank(opName(), tensors.requireFloat(opName(), r), 1),
                    0,
                    in.capacity(in.rank() - 1)));
        }
        tensors.requireRow(opName(), tensors.requireFloat(opName(), out), in.rowElements());
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        return Refs.perToken(
                tensors, load, List.of(x), outputs(), 7.0 * tensors.get(x).rowElements());
    }
}
