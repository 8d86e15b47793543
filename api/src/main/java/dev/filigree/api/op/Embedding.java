package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * Copies rows of a table by index, converting the dtype: token embedding, and picking each sequence's last row
 * before the LM head. An index outside the table is an error of the caller that a backend may answer with NaN rows
 * but never with memory outside the table.
 *
 * @param table {@code [numRows, hidden]} f32, f16 or bf16
 * @param ids {@code [n]} i32
 * @param out {@code [n, hidden]} f32, f16 or bf16
 */
public record Embedding(TensorRef table, TensorRef ids, TensorRef out) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(table, ids);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl rows = tensors.requireFloat(opName(), table);
        tensors.requireIndices(opName(), ids);
        tensors.requireRow(opName(), tensors.requireFloat(opName(), out), rows.rowElements());
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        return Refs.perToken(tensors, load, List.of(out), outputs(), 0);
    }
}
