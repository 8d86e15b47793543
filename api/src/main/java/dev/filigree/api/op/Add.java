package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * {@code out = a + b}, element by element: residual connections.
 *
 * @param a {@code [numTokens, n]} f32, f16 or bf16
 * @param b as a
 * @param out as a; may be a or b
 */
public record Add(TensorRef a, TensorRef b, TensorRef out) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(a, b);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out);
    }

    @Override
    public void check(Tensors tensors) {
        long width = tensors.requireFloat(opName(), a).rowElements();
        tensors.requireRow(opName(), tensors.requireFloat(opName(), b), width);
        tensors.requireRow(opName(), tensors.requireFloat(opName(), out), width);
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        return Refs.perToken(tensors, load, inputs(), outputs(), tensors.get(a).rowElements());
    }
}
