package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * {@code out = gate * sigmoid(gate) * up}, element by element (Shazeer 2020, section 2).
 *
 * @param gate {@code [numTokens, n]} f32, f16 or bf16
 * @param up as gate
 * @param out as gate; may be gate or up
 */
public record SwiGlu(TensorRef gate, TensorRef up, TensorRef out) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(gate, up);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out);
    }

    @Override
    public void check(Tensors tensors) {
        long width = tensors.requireFloat(opName(), gate).rowElements();
        tensors.requireRow(opName(), tensors.requireFloat(opName(), up), width);
        tensors.requireRow(opName(), tensors.requireFloat(opName(), out), width);
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        return Refs.perToken(
                tensors, load, inputs(), outputs(), 6.0 * tensors.get(gate).rowElements());
    }
}
