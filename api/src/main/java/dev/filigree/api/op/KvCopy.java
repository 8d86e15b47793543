package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * Copies whole pages within a pool: the copy of copy-on-write after a fork. Sources and targets are disjoint;
 * statistics travel with their page.
 *
 * @param pages {@code [numPages, pageBytes]} u8
 * @param sources {@code [numCopies]} i32 page ids
 * @param targets {@code [numCopies]} i32 page ids, distinct
 */
public record KvCopy(TensorRef pages, TensorRef sources, TensorRef targets) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(sources, targets);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(pages);
    }

    @Override
    public void check(Tensors tensors) {
        tensors.requireRank(opName(), tensors.require(opName(), pages, DType.U8), 2);
        tensors.requireIndices(opName(), sources);
        TensorDecl targetDecl = tensors.requireIndices(opName(), targets);
        tensors.requireCapacity(opName(), targetDecl, 0, tensors.get(sources).capacity(0));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double bytes = tensors.get(sources).capacity(0) * Refs.rowBytes(tensors.get(pages));
        return new Cost(0, bytes, bytes);
    }
}
