package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * The index of the largest logit of each row, the lowest index among equals. NaN counts as the largest value, so a
 * broken row is visible as its first NaN.
 *
 * @param logits {@code [numSeqs, vocab]} f32, f16 or bf16
 * @param tokens {@code [numSeqs]} i32
 */
public record Argmax(TensorRef logits, TensorRef tokens) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(logits);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(tokens);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl rows = tensors.requireFloat(opName(), logits);
        tensors.requireRank(opName(), rows, 2);
        tensors.requireIndices(opName(), tokens);
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double width = tensors.get(logits).rowElements();
        return new Cost(
                load.numSeqs() * width, load.numSeqs() * Refs.rowBytes(tensors.get(logits)), load.numSeqs() * 4.0);
    }
}
