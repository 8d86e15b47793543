package dev.filigree.conformance.cases.pageselect;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageReuse;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.pagescore.PageScoreCases;
import dev.filigree.conformance.cases.pageselect.PageSelectCases.Form;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PageLists;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import java.util.Arrays;
import java.util.Optional;

/** Decode steps in which scoring knows which lists are in use, beside steps in which it does not. */
final class ReusedScores {
    // The budget's edge, a page that opens between choices, a short sequence, and one far over the budget.
    private static final int[] LENGTHS = {79, 94, 17, 200};
    private static final int STEPS = 6;

    private ReusedScores() {}

    static void chooseAlike(CaseContext c, SelectionScope scope) {
        Form form = new Form(5, 1, 4, scope);
        PageLists lists = new PageLists(new int[LENGTHS.length][form.numLists()][0], new int[] {2, 0, 4, 1}, 5, scope);
        for (int step = 0; step < STEPS; step++) {
            int add = step;
            int[] lengths = Arrays.stream(LENGTHS).map(length -> length + add).toArray();
            AttentionData data = AttentionData.random(
                    c.generator(),
                    AttentionShape.ragged(new int[] {1, 1, 1, 1}, lengths).heads(4, 2));
            PagedPool pool = PagedPool.of(
                    c.generator(),
                    PageSpec.linear(PageSelectCases.PAGE, KvPrecision.INT8).stats(8),
                    data);
            int[][][] all = lists(c.run(problem(data, pool, form, lists, false)), form, lists);
            int[][][] told = lists(c.run(problem(data, pool, form, lists, true)), form, lists);
            for (int s = 0; s < LENGTHS.length; s++) {
                for (int list = 0; list < form.numLists(); list++) {
                    c.same("pages at length " + lengths[s], all[s][list], told[s][list]);
                }
            }
            lists = new PageLists(all, lists.slots(), lists.numSlots(), scope);
        }
    }

    private static int[][][] lists(Outputs outputs, Form form, PageLists before) {
        int[][][] lists = new int[LENGTHS.length][form.numLists()][];
        for (int s = 0; s < LENGTHS.length; s++) {
            for (int list = 0; list < form.numLists(); list++) {
                lists[s][list] = PageSelectProperties.list(form, before, outputs, s, list);
            }
        }
        return lists;
    }

    private static Problem problem(AttentionData data, PagedPool pool, Form form, PageLists lists, boolean told) {
        ProblemBuilder builder = new ProblemBuilder("score for a selection");
        PageChoice choice = lists.declare(builder, new Generator(7), TensorRole.STATE, form.budget() + 4);
        Optional<PageReuse> reuse =
                told ? Optional.of(new PageReuse(form.budget(), form.interval(), choice)) : Optional.empty();
        TensorRef scores = PageScoreCases.declare(builder, data, pool, form.scope(), reuse);
        TensorRef lengths =
                builder.ints("selectLengths", data.shape().kvLengths(), Dim.fixed("numChosen", LENGTHS.length));
        builder.add(new PageSelect(
                HeadMap.all(4, 2),
                form.budget(),
                form.sink(),
                PageSelectCases.PAGE,
                form.interval(),
                scores,
                lengths,
                choice));
        return builder.build();
    }
}
