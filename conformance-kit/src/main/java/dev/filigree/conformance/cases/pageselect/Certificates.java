package dev.filigree.conformance.cases.pageselect;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.pagescore.PageScoreCases;
import dev.filigree.conformance.cases.pageselect.PageSelectCases.Form;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PageCode;
import dev.filigree.conformance.cases.shared.PageLists;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.compare.SelectionCertificate;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.ProblemBuilder;
import java.util.Arrays;

/** Scoring and choosing in one plan, judged by true scores. */
final class Certificates {
    private Certificates() {}

    static void pages(CaseContext c, SelectionScope scope) {
        int[] lengths = {33, 200, 64};
        AttentionShape shape =
                AttentionShape.ragged(new int[] {1, 1, 1}, lengths).heads(4, 2);
        PageSpec spec = PageSpec.linear(PageSelectCases.PAGE, KvPrecision.INT8).stats(8);
        AttentionData data = AttentionData.random(c.generator(), shape);
        PagedPool pool = PagedPool.of(c.generator(), spec, data);
        Form form = new Form(5, 1, 1, scope);
        PageLists lists = new PageLists(new int[3][form.numLists()][0], new int[] {2, 0, 1}, 3, scope);
        ProblemBuilder builder = new ProblemBuilder("score and select");
        TensorRef scores = PageScoreCases.declare(builder, data, pool, scope);
        TensorRef kvLengths = builder.ints("selectLengths", lengths, Dim.fixed("numChosen", 3));
        PageSelectCases.declare(builder, form, scores, kvLengths, lists);
        Outputs outputs = c.run(builder.build());
        for (int s = 0; s < 3; s++) {
            for (int list = 0; list < form.numLists(); list++) {
                int[] chosen = PageSelectProperties.list(form, lists, outputs, s, list);
                double[] truth = scores(data, pool, scope, s, list);
                double slack = 1e-5 * Arrays.stream(truth).map(Math::abs).max().orElse(0);
                SelectionCertificate.largest(
                                truth,
                                page -> Arrays.binarySearch(chosen, page) >= 0,
                                page -> page == 0 || page == truth.length - 1,
                                slack)
                        .ifPresent(wrong -> {
                            throw c.broken(wrong);
                        });
            }
        }
    }

    private static double[] scores(AttentionData data, PagedPool pool, SelectionScope scope, int seq, int list) {
        int length = data.shape().kvLengths()[seq];
        int pageSize = pool.spec().pageSize();
        int logical = pool.spec().logicalPageSize();
        double[] scores = new double[Math.ceilDiv(length, pageSize)];
        Arrays.fill(scores, Double.NEGATIVE_INFINITY);
        PageCode code = pool.code();
        int firstHead = scope == SelectionScope.QUERY_HEAD ? list : 2 * list;
        int lastHead = scope == SelectionScope.QUERY_HEAD ? list : 2 * list + 1;
        for (int h = firstHead; h <= lastHead; h++) {
            for (int p = 0; p < length; p += logical) {
                double sum = 0;
                for (int i = 0; i < 32; i++) {
                    float q = data.q(seq)[h * 32 + i];
                    int page = pool.page(seq, p);
                    int part = p % pageSize / logical;
                    sum += Math.max(
                            (double) q * code.max(page, h / 2, part, i), (double) q * code.min(page, h / 2, part, i));
                }
                scores[p / pageSize] = Math.max(scores[p / pageSize], sum);
            }
        }
        return scores;
    }
}
