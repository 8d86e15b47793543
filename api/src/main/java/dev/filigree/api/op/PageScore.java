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
import java.util.Optional;

/**
 * Upper bounds of a decode query's score on each page (Quest section 3.2; LServe section 3.4.2): per logical page
 * {@code sum_c max(q_c * kMax_c, q_c * kMin_c)} in fp32, and per page the maximum over its logical pages that hold
 * tokens. No factor {@code 1 / sqrt(headDimQk)}. With {@code KV_GROUP} lists the group's score is the maximum over
 * its query heads.
 *
 * <p>With {@code reuse} the entries of a list are defined only where the selection that it describes chooses the list
 * anew; all others may be written or left alone, whichever is cheaper.
 *
 * @param heads which heads; {@code kvSlots} index the heads of the page layout
 * @param scope one score per query head or per KV head
 * @param kv the pages, linear, with statistics
 * @param q {@code [numSeqs, numQoHeads, headDimQk]} f32, f16 or bf16, one query per sequence, RoPE applied
 * @param kvLengths {@code [numSeqs]} i32, tokens in the cache, the current one included
 * @param scores {@code [numSeqs, numLists, maxPages]} f32; entries past a sequence's pages are left alone
 * @param reuse which scores will be read; absent: all
 */
public record PageScore(
        HeadMap heads,
        PageChoice.SelectionScope scope,
        KvPages kv,
        TensorRef q,
        TensorRef kvLengths,
        TensorRef scores,
        Optional<PageReuse> reuse)
        implements Op {

    /** Scores every list. */
    public PageScore(
            HeadMap heads,
            PageChoice.SelectionScope scope,
            KvPages kv,
            TensorRef q,
            TensorRef kvLengths,
            TensorRef scores) {
        this(heads, scope, kv, q, kvLengths, scores, Optional.empty());
    }

    @Override
    public List<TensorRef> inputs() {
        Optional<PageChoice> choice = reuse.map(PageReuse::choice);
        return Refs.list(
                List.of(q, kv.pages(), kv.pageTable(), kvLengths),
                choice.map(PageChoice::counts),
                choice.map(PageChoice::pages),
                choice.map(PageChoice::slots));
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
        reuse.map(PageReuse::choice).ifPresent(choice -> {
            choice.check(opName(), tensors, heads.numQoHeads(), heads.numKvHeads());
            if (choice.scope() != scope) {
                throw new PlanException(opName() + ": scores must have the lists of the selection, " + choice.scope()
                        + ", not " + scope);
            }
        });
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double stepsPerChoice = reuse.map(PageReuse::reuseInterval).orElse(1);
        double logicalPages = load.numSeqs()
                * load.contextTokens()
                / stepsPerChoice
                / kv.layout().logicalPageSize();
        double dims = kv.layout().headDimQk();
        return new Cost(
                4 * logicalPages * dims * heads.numServedQoHeads(),
                4 * logicalPages * dims * heads.numServedKvHeads(),
                4 * logicalPages / kv.layout().logicalPagesPerPage() * heads.numServedQoHeads());
    }
}
