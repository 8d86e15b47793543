package dev.filigree.conformance.cases.loraapply;

import dev.filigree.api.op.LoraApply;
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
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.ArrayList;
import java.util.List;

/** Adapters beside a linear layer. */
public final class LoraApplyCases {
    private static final int IN = 65;
    private static final int OUT = 34;
    private static final int[] RANKS = {4, 1, 17};

    /** Inputs of one problem, rounded. */
    @SuppressWarnings("ArrayRecordComponent") // compared by no one
    private record Data(DType dtype, float[] x, List<float[]> downs, List<float[]> ups, float[] strengths, float[] y) {
        static Data random(Generator g, DType dtype, int tokens, float... strengths) {
            List<float[]> downs = new ArrayList<>();
            List<float[]> ups = new ArrayList<>();
            for (int i = 0; i < strengths.length; i++) {
                downs.add(RowProblem.rounded(g.normals(RANKS[i] * IN), dtype));
                ups.add(RowProblem.rounded(g.normals(OUT * RANKS[i]), dtype));
            }
            float[] x = RowProblem.rounded(g.normals(tokens * IN), dtype);
            return new Data(dtype, x, downs, ups, strengths, RowProblem.rounded(g.normals(tokens * OUT), dtype));
        }
    }

    private LoraApplyCases() {}

    private static Problem problem(Data data) {
        ProblemBuilder builder = new ProblemBuilder("adapters");
        Dim numTokens = builder.axis("numTokens", data.x().length / IN);
        Dim in = Dim.fixed("inFeatures", IN);
        Dim out = Dim.fixed("outFeatures", OUT);
        TensorRef x = builder.input("x", data.dtype(), data.x(), numTokens, in);
        List<TensorRef> downs = new ArrayList<>();
        List<TensorRef> ups = new ArrayList<>();
        for (int i = 0; i < data.downs().size(); i++) {
            Dim rank = Dim.fixed("rank" + i, RANKS[i]);
            downs.add(builder.weight("down" + i, data.dtype(), data.downs().get(i), rank, in));
            ups.add(builder.weight("up" + i, data.dtype(), data.ups().get(i), out, rank));
        }
        TensorRef strengths =
                builder.input("strengths", DType.F32, data.strengths(), Dim.fixed("numAdapters", downs.size()));
        TensorRef y = builder.state("y", data.dtype(), data.y(), numTokens, out);
        return builder.workload(1, data.x().length / IN, 1)
                .add(new LoraApply(x, downs, ups, strengths, y))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("LoraApply");
        for (DType dtype : RowCases.DTYPES) {
            Params params = Params.of("dtype", dtype);
            cases.check(Rule.R816, Tier.SMOKE, params, c -> adds(c, dtype));
            cases.check(Rule.R816, Tier.SMOKE, params.with("strength", 0), c -> nothing(c, dtype));
            cases.compare(Rule.R816, Tier.CORE, params, g -> problem(Data.random(g, dtype, 9, 1, 0.5f, -2)));
            cases.compare(Rule.R101, Tier.CORE, params, g -> problem(Data.random(g, dtype, 0, 1)));
        }
        return cases.cases();
    }

    private static void adds(CaseContext c, DType dtype) {
        Data data = Data.random(c.generator(), dtype, 7, 0.75f, -1, 2);
        float[] expected = new float[data.y().length];
        for (int i = 0; i < expected.length; i++) {
            double sum = data.y()[i];
            for (int a = 0; a < 3; a++) {
                for (int r = 0; r < RANKS[a]; r++) {
                    double hidden = 0;
                    for (int k = 0; k < IN; k++) {
                        hidden += (double) data.x()[i / OUT * IN + k]
                                * data.downs().get(a)[r * IN + k];
                    }
                    sum += data.strengths()[a] * hidden * data.ups().get(a)[i % OUT * RANKS[a] + r];
                }
            }
            expected[i] = AttentionData.round((float) sum, dtype);
        }
        c.close("y", expected, c.run(problem(data)).values("y"), Tolerances.linear(dtype));
    }

    private static void nothing(CaseContext c, DType dtype) {
        Data data = Data.random(c.generator(), dtype, 7, 0, 0);
        Problem problem = problem(data);
        c.same(
                "y with strengths of 0",
                problem.data(TensorRef.of("y")),
                c.run(problem).get("y"));
    }
}
