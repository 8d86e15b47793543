package dev.filigree.api.op;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * Upper bounds of a decode query's score on each page (Quest section 3.2; LServe section 3.4.2): per logical page
 * {@code sum_c max(q_c * kMax_c, q_c * kMin_c)} in fp32, and per page the maximum over its logical pages that hold
 * tokens. No factor {@code 1 / sqrt(headDimQk)}. With {@code KV_GROUP} lists the group's score is the maximum over
 * its query heads.
 *
 * @param heads which heads; {@code kvSlots} index the heads of the page layout
 * @param scope one score per query head or per KV head
 * @param kv the pages, linear, with statistics
 * @param q {@code [numSeqs, numQoHeads, headDimQk]} f32, f16 or bf16, one query per sequence, RoPE applied
 * @param kvLengths {@code [numSeqs]} i32, tokens in the cache, the current one included
 * @param scores {@code [numSeqs, numLists, maxPages]} f32; entries past a sequence's pages are left alone
 */
public record PageScore(
        HeadMap heads, PageChoice.SelectionScope scope, KvPages kv, TensorRef q, TensorRef kvLengths, TensorRef scores)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(q, kv.pages(), kv.pageTable(), kvLengths);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(scores);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl qDecl = AttentionChecks.query(opName(), tensors, heads, q);
        kv.check(opName(), tensors, (int) qDecl.capacity(2), kv.layout().headDimVo());
        if (!kv.layout().hasStats()) {
            throw new PlanException(opName() + ": pages " + kv + " must have statistics");
        }
        tensors.requireIndices(opName(), kvLengths);
        TensorDecl scoreDecl = tensors.requireRank(opName(), tensors.require(opName(), scores, DType.F32), 3);
        tensors.requireExtent(opName(), scoreDecl, 1, scope.numLists(heads.numQoHeads(), heads.numKvHeads()));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double logicalPages =
                (double) load.numSeqs() * load.contextTokens() / kv.layout().logicalPageSize();
        double dims = kv.layout().headDimQk();
        return new Cost(
                4 * logicalPages * dims * heads.numServedQoHeads(),
                4 * logicalPages * dims * heads.numServedKvHeads(),
                4 * logicalPages / kv.layout().logicalPagesPerPage() * heads.numServedQoHeads());
    }
}
