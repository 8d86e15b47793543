package dev.filigree.conformance.cases.lowrankdown;

import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** The first half of a low-rank branch, and both halves together. */
public final class LowRankDownCases {
    private static final int IN = 65;
    private static final int OUT = 34;

    private LowRankDownCases() {}

    private static Problem down(DType dtype, float[] x, float[] down, int rank) {
        int columns = down.length / rank;
        ProblemBuilder builder = new ProblemBuilder("low rank down");
        Dim numTokens = builder.axis("numTokens", x.length / columns);
        Dim in = Dim.fixed("inFeatures", columns);
        Dim width = Dim.fixed("rank", rank);
        TensorRef xRef = builder.input("x", dtype, x, numTokens, in);
        TensorRef weight = builder.weight("down", dtype, down, width, in);
        return builder.workload(1, x.length / columns, 1)
                .add(new LowRankDown(xRef, weight, builder.output("hiddenRank", DType.F32, numTokens, width)))
                .build();
    }

    private static Problem branch(DType dtype, float[] x, float[] down, float[] up, float[] y, int rank) {
        ProblemBuilder builder = new ProblemBuilder("low rank branch");
        Dim numTokens = builder.axis("numTokens", x.length / IN);
        Dim in = Dim.fixed("inFeatures", IN);
        Dim out = Dim.fixed("outFeatures", OUT);
        Dim width = Dim.fixed("rank", rank);
        TensorRef hidden = builder.temp("hiddenRank", DType.F32, numTokens, width);
        return builder.add(new LowRankDown(
                        builder.input("x", dtype, x, numTokens, in),
                        builder.weight("down", dtype, down, width, in),
                        hidden))
                .add(new LowRankUp(
                        hidden,
                        builder.weight("up", dtype, up, out, width),
                        builder.state("y", dtype, y, numTokens, out)))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("LowRankDown");
        for (DType dtype : RowCases.DTYPES) {
            for (int rank : new int[] {1, 16, 33}) {
                Params params = Params.of("dtype", dtype, "rank", rank);
                cases.compare(
                        Rule.R815,
                        Tier.CORE,
                        params,
                        g -> down(dtype, g.outliers(7, IN, 10), g.normals(rank * IN), rank));
                // rows that end on 16 bytes, and more than a tile of tokens
                cases.compare(
                        Rule.R815,
                        Tier.CORE,
                        params.with("size", "[21,1096]"),
                        g -> down(dtype, g.outliers(21, 1096, 10), g.normals(rank * 1096), rank));
                cases.check(Rule.R815, Tier.SMOKE, params, c -> product(c, dtype, rank));
            }
            cases.compare(
                    Rule.R101, Tier.CORE, Params.of("dtype", dtype), g -> down(dtype, new float[0], g.normals(IN), 1));
        }
        return cases.cases();
    }

    private static void product(CaseContext c, DType dtype, int rank) {
        float[] x = RowProblem.rounded(c.generator().normals(7 * IN), dtype);
        float[] down = RowProblem.rounded(c.generator().normals(rank * IN), dtype);
        float[] up = RowProblem.rounded(c.generator().normals(OUT * rank), dtype);
        float[] y = RowProblem.rounded(c.generator().normals(7 * OUT), dtype);
        float[] expected = new float[7 * OUT];
        for (int i = 0; i < expected.length; i++) {
            double sum = y[i];
            for (int r = 0; r < rank; r++) {
                double hidden = 0;
                for (int k = 0; k < IN; k++) {
                    hidden += (double) x[i / OUT * IN + k] * down[r * IN + k];
                }
                sum += hidden * up[i % OUT * rank + r];
            }
            expected[i] = AttentionData.round((float) sum, dtype);
        }
        c.close("y", expected, c.run(branch(dtype, x, down, up, y, rank)).values("y"), Tolerances.linear(dtype));
    }
}
