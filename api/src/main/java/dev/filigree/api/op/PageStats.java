package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * Recomputes the min/max statistics of pages from the keys stored in them, for the logical pages that hold tokens
 * {@code [fromLengths, kvLengths)} of each sequence; used after a rewind or an import. Entries of the last logical
 * page cover its live tokens only (LServe section 3.4.2). Pages that a ring has overwritten are left alone.
 *
 * @param kv the pages, with statistics
 * @param fromLengths {@code [numSeqs]} i32, first token whose logical page is recomputed
 * @param kvLengths {@code [numSeqs]} i32, live tokens per sequence
 */
public record PageStats(KvPages kv, TensorRef fromLengths, TensorRef kvLengths) implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(kv.pageTable(), fromLengths, kvLengths);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(kv.pages());
    }

    @Override
    public void check(Tensors tensors) {
        kv.check(opName(), tensors, kv.layout().headDimQk(), kv.layout().headDimVo());
        if (!kv.layout().hasStats()) {
            throw new PlanException(opName() + ": pages " + kv + " must have statistics");
        }
        tensors.requireIndices(opName(), fromLengths);
        tensors.requireIndices(opName(), kvLengths);
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double keys =
                (double) load.numTokens() * kv.layout().numHeads() * kv.layout().headDimQk();
        return new Cost(
                2 * keys,
                keys * kv.layout().k().storage().bits() / 8,
                4 * keys / kv.layout().logicalPageSize());
    }
}
