package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * Rotates every head of every token by its position, see {@link Rotary}.
 *
 * @param rotary style, dims and frequencies
 * @param x {@code [numTokens, numHeads, headDim]} f32, f16 or bf16
 * @param positions {@code [numTokens]} i32, absolute
 * @param out as x; may be x
 */
public record Rope(Rotary rotary, TensorRef x, TensorRef positions, TensorRef out) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(x, positions, rotary.frequencies());
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl in = tensors.requireRank(opName(), tensors.requireFloat(opName(), x), 3);
        rotary.check(opName(), tensors, in.capacity(2));
        tensors.requireIndices(opName(), positions);
        TensorDecl outDecl = tensors.requireRank(opName(), tensors.requireFloat(opName(), out), 3);
        tensors.requireExtent(opName(), outDecl, 1, in.capacity(1));
        tensors.requireExtent(opName(), outDecl, 2, in.capacity(2));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        return Refs.perToken(
                tensors, load, List.of(x), outputs(), 3.0 * tensors.get(x).rowElements());
    }
}
