package dev.filigree.conformance.cases.pagescore;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageReuse;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Upper bounds of a query's scores per page. */
public final class PageScoreCases {
    /** Decode steps of four sequences. */
    public static final AttentionShape SHAPE = AttentionShape.ragged(new int[] {1, 1, 1, 1}, new int[] {1, 37, 64, 200})
            .heads(6, 2);

    private PageScoreCases() {}

    /** Pages of the longest sequence, and one more. */
    public static int maxPages(PageSpec spec) {
        return Math.ceilDiv(SHAPE.maxKvLength(), spec.pageSize()) + 1;
    }

    /** Declares the step that scores every list; the scores are its output. */
    public static TensorRef declare(ProblemBuilder builder, AttentionData data, PagedPool pool, SelectionScope scope) {
        return declare(builder, data, pool, scope, Optional.empty());
    }

    /** Declares the step; the scores are its output. */
    public static TensorRef declare(
            ProblemBuilder builder,
            AttentionData data,
            PagedPool pool,
            SelectionScope scope,
            Optional<PageReuse> reuse) {
        Dim numSeqs = builder.axis("numSeqs", data.shape().numSeqs());
        TensorRef q = builder.input(
                "q",
                data.shape().dtype(),
                data.packedQ(),
                numSeqs,
                Dim.fixed("numQoHeads", data.shape().numQoHeads()),
                Dim.fixed("headDimQk", data.shape().headDimQk()));
        TensorRef scores = builder.output(
                "scores",
                DType.F32,
                numSeqs,
                Dim.fixed(
                        "numLists",
                        scope.numLists(data.shape().numQoHeads(), data.shape().numKvHeads())),
                Dim.fixed("maxPages", maxPages(pool.spec())));
        builder.add(new PageScore(
                HeadMap.all(data.shape().numQoHeads(), data.shape().numKvHeads()),
                scope,
                pool.declare(builder, TensorRole.INPUT),
                q,
                builder.ints("kvLengths", data.shape().kvLengths(), numSeqs),
                scores,
                reuse));
        builder.workload(
                data.shape().numSeqs(), data.shape().numSeqs(), data.shape().maxKvLength());
        return scores;
    }

    private static Problem problem(AttentionData data, PagedPool pool, SelectionScope scope) {
        ProblemBuilder builder = new ProblemBuilder("page score");
        declare(builder, data, pool, scope);
        return builder.build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("PageScore");
        for (SelectionScope scope : SelectionScope.values()) {
            for (KvPrecision precision : KvPrecision.values()) {
                PageSpec spec = PageSpec.linear(32, precision).stats(8);
                Params params = spec.params().with("scope", scope);
                cases.check(Rule.R612, Tier.SMOKE, params, c -> bounds(c, spec, scope));
                for (DType dtype : RowCases.DTYPES) {
                    Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
                    cases.compare(Rule.R611, tier, params.with("dtype", dtype), g -> {
                        AttentionData data = AttentionData.random(g, SHAPE.dtype(dtype));
                        return problem(data, PagedPool.of(g, spec, data), scope);
                    });
                }
            }
        }
        return cases.cases();
    }

    // No key of a page may score above the page, and with one logical page of one key the bound is its score.
    private static void bounds(CaseContext c, PageSpec spec, SelectionScope scope) {
        AttentionData data = AttentionData.random(c.generator(), SHAPE);
        PagedPool pool = PagedPool.of(c.generator(), spec, data);
        float[] scores = c.run(problem(data, pool, scope)).values("scores");
        int numLists = scope.numLists(6, 2);
        int width = maxPages(spec);
        for (int s = 0; s < SHAPE.numSeqs(); s++) {
            for (int h = 0; h < 6; h++) {
                int list = scope == SelectionScope.QUERY_HEAD ? h : h / 3;
                for (int p = 0; p < SHAPE.kvLengths()[s]; p++) {
                    float[] key = pool.key(s, p, h / 3);
                    double score = 0;
                    for (int i = 0; i < key.length; i++) {
                        score += (double) data.q(s)[h * key.length + i] * key[i];
                    }
                    float bound = scores[(s * numLists + list) * width + p / spec.pageSize()];
                    double found = score;
                    int position = p;
                    c.check(
                            bound >= score - 1e-4 * (1 + Math.abs(score)),
                            () -> "the key at position " + position + " scores " + found + ", its page " + bound);
                }
            }
        }
    }
}
