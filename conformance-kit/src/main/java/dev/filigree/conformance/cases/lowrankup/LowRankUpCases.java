package dev.filigree.conformance.cases.lowrankup;

import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** The second half of a low-rank branch; both halves together stand with the first. */
public final class LowRankUpCases {
    private LowRankUpCases() {}

    private static Problem problem(Generator g, DType dtype, int tokens, int rank, int outFeatures) {
        ProblemBuilder builder = new ProblemBuilder("low rank up");
        Dim numTokens = builder.axis("numTokens", tokens);
        Dim width = Dim.fixed("rank", rank);
        Dim out = Dim.fixed("outFeatures", outFeatures);
        TensorRef hidden = builder.input("hiddenRank", DType.F32, g.normals(tokens * rank), numTokens, width);
        TensorRef up = builder.weight("up", dtype, g.normals(outFeatures * rank), out, width);
        return builder.workload(1, tokens, 1)
                .add(new LowRankUp(
                        hidden, up, builder.state("y", dtype, g.normals(tokens * outFeatures), numTokens, out)))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("LowRankUp");
        for (DType dtype : RowCases.DTYPES) {
            for (int rank : new int[] {1, 16, 33}) {
                Params params = Params.of("dtype", dtype, "rank", rank);
                cases.compare(Rule.R815, Tier.CORE, params, g -> problem(g, dtype, 9, rank, 67));
                // rows that end on 16 bytes, and more than a tile of either
                cases.compare(
                        Rule.R815, Tier.CORE, params.with("size", "[133,136]"), g -> problem(g, dtype, 133, rank, 136));
            }
            cases.compare(Rule.R101, Tier.CORE, Params.of("dtype", dtype), g -> problem(g, dtype, 0, 4, 67));
        }
        return cases.cases();
    }
}
