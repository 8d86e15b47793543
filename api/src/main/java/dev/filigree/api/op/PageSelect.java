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
 * Chooses the pages that a decode step reads (LServe sections 3.4.1 and 3.4.3).
 *
 * <p>A sequence of at most {@code budgetPages} pages keeps all. Otherwise its sink pages and its newest page are
 * kept, and the best-scored of the others fill the budget, ties to the lower page, a NaN above every number. A list is chosen anew when the
 * sequence's {@code kvLength} is a multiple of {@code reuseInterval} or its stored count is 0; in between it is
 * reused, and pages that opened since are appended, so a reused list may exceed the budget by the pages opened
 * since it was chosen, and the newest page is never missing. A list without room for them, or that names a page past
 * the newest as after a rewind, is chosen anew.
 *
 * @param heads which heads
 * @param budgetPages pages a list may hold when chosen anew, at least {@code sinkPages + 1}
 * @param sinkPages pages from the start that are always kept
 * @param pageSize tokens per page
 * @param reuseInterval steps that share a list, 1 to choose at every step
 * @param scores {@code [numSeqs, numLists, maxPages]} f32 of {@link PageScore}; not read where a list is reused
 * @param kvLengths {@code [numSeqs]} i32, tokens in the cache, the current one included
 * @param choice the lists, read and written; counts are 0 before the first step of a sequence
 */
public record PageSelect(
        HeadMap heads,
        int budgetPages,
        int sinkPages,
        int pageSize,
        int reuseInterval,
        TensorRef scores,
        TensorRef kvLengths,
        PageChoice choice)
        implements Op {

    /** Checks the budget. */
    public PageSelect {
        if (sinkPages < 0 || pageSize < 1 || budgetPages < sinkPages + 1) {
            throw new PlanException("PageSelect: budgetPages must be at least sinkPages + 1 = " + (sinkPages + 1)
                    + ", not " + budgetPages);
        }
        if (reuseInterval < 1) {
            throw new PlanException("PageSelect: reuseInterval must be 1 or more, not " + reuseInterval);
        }
    }

    @Override
    public List<TensorRef> inputs() {
        return List.of(scores, kvLengths, choice.slots());
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(choice.counts(), choice.pages());
    }

    @Override
    public void check(Tensors tensors) {
        choice.check(opName(), tensors, heads.numQoHeads(), heads.numKvHeads());
        TensorDecl scoreDecl = tensors.requireRank(opName(), tensors.require(opName(), scores, DType.F32), 3);
        tensors.requireExtent(opName(), scoreDecl, 1, choice.scope().numLists(heads.numQoHeads(), heads.numKvHeads()));
        tensors.requireIndices(opName(), kvLengths);
        tensors.requireCapacity(opName(), tensors.get(choice.pages()), 2, budgetPages);
    }

    /** Scores are scanned when a list is chosen anew; the mean over the steps that share it. */
    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double lists =
                (double) load.numSeqs() * choice.scope().numLists(heads.numServedQoHeads(), heads.numServedKvHeads());
        double scanned = lists * load.contextTokens() / pageSize / reuseInterval;
        return new Cost(scanned * 2, scanned * 4, lists * budgetPages * 4 / reuseInterval);
    }
}
