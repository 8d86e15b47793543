package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * GELU, element by element (Hendrycks and Gimpel 2016, section 2).
 *
 * @param form exact or the tanh approximation
 * @param x {@code [numTokens, n]} f32, f16 or bf16
 * @param out as x; may be x
 */
public record Gelu(Form form, TensorRef x, TensorRef out) implements Op {

    /** Which formula. */
    public enum Form {
        /** {@code x/2 * (1 + erf(x / sqrt 2))}. */
        ERF,
        /** {@code x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))}. */
        TANH
    }

    @Override
    public List<TensorRef> inputs() {
        return List.of(x);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out);
    }

    @Override
    public void check(Tensors tensors) {
        long width = tensors.requireFloat(opName(), x).rowElements();
        tensors.requireRow(opName(), tensors.requireFloat(opName(), out), width);
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        return Refs.perToken(
                tensors, load, inputs(), outputs(), 10.0 * tensors.get(x).rowElements());
    }
}
