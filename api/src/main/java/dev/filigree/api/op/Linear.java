package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;
import java.util.Optional;

/**
 * A 16- or 32-bit linear layer, {@code y = x W^T + b}, accumulated in fp32 or better. Rows of x and y may have
 * several axes, as in {@code [numTokens, numQoHeads, headDim]}; only their product counts.
 *
 * @param x {@code [numTokens, inFeatures]} f32, f16 or bf16, contiguous
 * @param weight {@code [outFeatures, inFeatures]} f32, f16 or bf16, contiguous
 * @param bias {@code [outFeatures]} f32, f16 or bf16
 * @param y {@code [numTokens, outFeatures]} f32, f16 or bf16, contiguous
 */
public record Linear(TensorRef x, TensorRef weight, Optional<TensorRef> bias, TensorRef y) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return Refs.list(List.of(x, weight), bias);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(y);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl w = tensors.requireRank(opName(), tensors.requireFloat(opName(), weight), 2);
        if (w.dims().get(0).variable()) {
            throw new PlanException(opName() + ": tensor " + w + " must have fixed axes");
        }
        tensors.requireRow(opName(), tensors.requireFloat(opName(), x), w.capacity(1));
        tensors.requireRow(opName(), tensors.requireFloat(opName(), y), w.capacity(0));
        for (TensorRef ref : List.of(x, weight, y)) {
            tensors.requireContiguous(opName(), tensors.get(ref));
        }
        bias.ifPresent(b -> tensors.requireExtent(
                opName(), tensors.requireRank(opName(), tensors.requireFloat(opName(), b), 1), 0, w.capacity(0)));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        TensorDecl w = tensors.get(weight);
        double rows = tensors.get(x).dims().get(0).variable()
                        && "numSeqs".equals(tensors.get(x).dims().get(0).axis())
                ? load.numSeqs()
                : load.numTokens();
        return new Cost(
                2 * rows * w.capacity(0) * w.capacity(1),
                w.capacityBytes() + rows * Refs.rowBytes(tensors.get(x)),
                rows * Refs.rowBytes(tensors.get(y)));
    }
}
