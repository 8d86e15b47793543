package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * Copies whole pages out of a pool into a staging tensor, or back: eviction to the host and restoring. Bytes are
 * copied unread, so what returns is what left.
 *
 * @param direction out of the pool or back into it
 * @param pages {@code [numPages, pageBytes]} u8, the pool
 * @param pageIds {@code [numMoved]} i32, distinct page ids
 * @param staging {@code [numMoved, pageBytes]} u8
 */
public record KvEvict(Direction direction, TensorRef pages, TensorRef pageIds, TensorRef staging) implements Op {

    /** Which way the bytes go. */
    public enum Direction {
        /** From the pool to the staging tensor. */
        OUT,
        /** From the staging tensor to the pool. */
        BACK
    }

    @Override
    public List<TensorRef> inputs() {
        return List.of(direction == Direction.OUT ? pages : staging, pageIds);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(direction == Direction.OUT ? staging : pages);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl pool = tensors.requireRank(opName(), tensors.require(opName(), pages, DType.U8), 2);
        TensorDecl stage = tensors.requireRank(opName(), tensors.require(opName(), staging, DType.U8), 2);
        tensors.requireExtent(opName(), stage, 1, pool.capacity(1));
        tensors.requireIndices(opName(), pageIds);
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double bytes = tensors.get(staging).capacityBytes();
        return new Cost(0, bytes, bytes);
    }
}
