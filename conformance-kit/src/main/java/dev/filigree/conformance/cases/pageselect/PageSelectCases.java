package dev.filigree.conformance.cases.pageselect;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.PageLists;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;

/** Choosing pages within a budget. Equal scores give equal lists, bit for bit. */
public final class PageSelectCases {
    static final int PAGE = 16;
    static final int[] LENGTHS = {1, 40, 64, 65, 200, 208};

    /**
     * A budget.
     *
     * @param budget pages of a list chosen anew
     * @param sink pages from the start that are kept
     * @param interval steps that share a list
     * @param scope which heads share a list
     */
    record Form(int budget, int sink, int interval, SelectionScope scope) {
        Params params() {
            return Params.of("budget", budget, "sink", sink, "interval", interval, "scope", scope);
        }

        int numLists() {
            return scope.numLists(4, 2);
        }
    }

    private PageSelectCases() {}

    /** Lengths of 511 to 1100 pages. */
    private static final int[] LONG_LENGTHS = {8176, 8192, 8193, 17600, 17599, 40};

    static int maxPages() {
        return Math.ceilDiv(208, PAGE) + 1;
    }

    static float[] scores(Generator g, Form form) {
        return g.normals(LENGTHS.length * form.numLists() * maxPages());
    }

    /** Lists that are empty: every one is chosen anew. */
    static PageLists none(Form form) {
        int[][][] lists = new int[LENGTHS.length][form.numLists()][0];
        int[] slots = new int[LENGTHS.length];
        Arrays.setAll(slots, s -> LENGTHS.length - s);
        return new PageLists(lists, slots, LENGTHS.length + 2, form.scope());
    }

    /** Declares the step. */
    static PageChoice declare(
            ProblemBuilder builder, Form form, TensorRef scores, TensorRef kvLengths, PageLists lists) {
        PageChoice choice = lists.declare(builder, new Generator(7), TensorRole.STATE, form.budget() + 4);
        builder.add(new PageSelect(
                HeadMap.all(4, 2), form.budget(), form.sink(), PAGE, form.interval(), scores, kvLengths, choice));
        return choice;
    }

    /** Many pages, many of them equal. */
    private static Problem longLists(Generator g, Form form) {
        int maxPages = Math.ceilDiv(17_600, PAGE);
        float[] scores = g.normals(LONG_LENGTHS.length * form.numLists() * maxPages);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Math.round(4 * scores[i]) / 4f;
        }
        return problem(form, scores, maxPages, LONG_LENGTHS, none(form));
    }

    static Problem problem(Form form, float[] scores, int[] kvLengths, PageLists lists) {
        return problem(form, scores, maxPages(), kvLengths, lists);
    }

    private static Problem problem(Form form, float[] scores, int maxPages, int[] kvLengths, PageLists lists) {
        ProblemBuilder builder = new ProblemBuilder("page select");
        Dim numSeqs = builder.axis("numSeqs", kvLengths.length);
        TensorRef s = builder.input(
                "scores",
                DType.F32,
                scores,
                numSeqs,
                Dim.fixed("numLists", form.numLists()),
                Dim.fixed("maxPages", maxPages));
        declare(builder, form, s, builder.ints("kvLengths", kvLengths, numSeqs), lists);
        return builder.workload(kvLengths.length, kvLengths.length, maxPages * PAGE)
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("PageSelect");
        for (SelectionScope scope : SelectionScope.values()) {
            for (int[] budget : new int[][] {{1, 0}, {2, 1}, {4, 1}, {5, 2}, {8, 0}, {20, 1}}) {
                Form form = new Form(budget[0], budget[1], 1, scope);
                Tier tier = budget[0] == 4 ? Tier.SMOKE : Tier.CORE;
                cases.compare(Rule.R613, tier, form.params(), g -> problem(form, scores(g, form), LENGTHS, none(form)));
                cases.check(Rule.R614, tier, form.params(), c -> PageSelectProperties.keeps(c, form));
                cases.check(Rule.R616, tier, form.params(), c -> PageSelectProperties.ties(c, form));
                Form shared = new Form(budget[0], budget[1], 8, scope);
                cases.check(Rule.R615, tier, shared.params(), c -> PageSelectProperties.reused(c, shared));
            }
            Form deep = new Form(200, 3, 1, scope);
            cases.compare(Rule.R613, Tier.CORE, deep.params(), g -> longLists(g, deep));
            cases.check(Rule.R617, Tier.SMOKE, Params.of("scope", scope), c -> Certificates.pages(c, scope));
            cases.check(Rule.R618, Tier.SMOKE, Params.of("scope", scope), c -> ReusedScores.chooseAlike(c, scope));
        }
        return cases.cases();
    }
}
