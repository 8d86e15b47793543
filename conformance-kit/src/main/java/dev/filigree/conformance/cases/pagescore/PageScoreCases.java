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

    static Problem problem(AttentionData data, PagedPool pool, SelectionScope scope) {
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
                cases.check(Rule.R612, Tier.SMOKE, params, c -> PageBounds.hold(c, SHAPE, spec, scope));
                for (DType dtype : RowCases.DTYPES) {
                    Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
                    cases.compare(Rule.R611, tier, params.with("dtype", dtype), g -> {
                        AttentionData data = AttentionData.random(g, SHAPE.dtype(dtype));
                        return problem(data, PagedPool.of(g, spec, data), scope);
                    });
                }
            }
            for (int[] heads : new int[][] {{3, 3}, {3, 1}, {8, 2}, {8, 1}}) {
                AttentionShape shape = SHAPE.heads(heads[0], heads[1]).dims(24, 40);
                for (int logical : new int[] {1, 8, 32}) {
                    PageSpec spec = PageSpec.linear(32, KvPrecision.INT4).stats(logical);
                    Params params = shape.params().with(spec.params()).with("scope", scope);
                    cases.check(Rule.R612, Tier.CORE, params, c -> PageBounds.hold(c, shape, spec, scope));
                }
            }
            int[] logical = {1, 8, 32};
            int[][] heads = {{3, 3}, {8, 2}, {8, 1}};
            for (int i = 0; i < heads.length; i++) {
                AttentionShape shape =
                        SHAPE.heads(heads[i][0], heads[i][1]).dims(128, 128).dtype(DType.F16);
                PageSpec spec = PageSpec.linear(32, KvPrecision.INT8).stats(logical[i]);
                Params params = shape.params().with(spec.params()).with("scope", scope);
                cases.compare(Rule.R611, Tier.CORE, params, g -> {
                    AttentionData data = AttentionData.random(g, shape);
                    return problem(data, PagedPool.of(g, spec, data), scope);
                });
            }
        }
        return cases.cases();
    }
}
