package dev.filigree.conformance.cases.rmsnorm;

import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Layout;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Root mean square norms, whole rows and per head. */
public final class RmsNormCases {
    private static final float EPS = 1e-5f;

    private RmsNormCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("RmsNorm");
        RowCases.add(cases, Rule.R902, Params.of(), Norm::new);
        for (DType dtype : RowCases.DTYPES) {
            cases.compare(
                    Rule.R902,
                    Tier.CORE,
                    Params.of("dtype", dtype, "heads", 3),
                    g -> perHead(g, dtype, Layout.CONTIGUOUS));
            cases.compare(
                    Rule.R104, Tier.CORE, Params.of("dtype", dtype, "heads", 3), g -> perHead(g, dtype, Layout.SLICED));
        }
        cases.check(Rule.R903, Tier.SMOKE, Params.of(), RmsNormCases::smallRows);
        return cases.cases();
    }

    private static Problem perHead(Generator g, DType dtype, Layout layout) {
        ProblemBuilder builder = new ProblemBuilder("norm per head");
        Dim numTokens = builder.axis("numTokens", 9);
        Dim numHeads = Dim.fixed("numHeads", 3);
        Dim headDim = Dim.fixed("headDim", 48);
        var x = builder.input("x", dtype, layout, g.outliers(27, 48, 10), numTokens, numHeads, headDim);
        var weight = builder.weight("weight", dtype, g.normals(48), headDim);
        var out = builder.output("out", dtype, numTokens, numHeads, headDim);
        return builder.workload(1, 9, 9).add(new RmsNorm(EPS, x, weight, out)).build();
    }

    // Rows whose mean square is near eps show whether it is added, and inside the root.
    private static void smallRows(CaseContext c) {
        RowProblem.Shape shape = new RowProblem.Shape(3, 64, DType.F32);
        float[] x = new float[shape.size()];
        float[] expected = new float[shape.size()];
        for (int i = 0; i < 64; i++) {
            x[64 + i] = 0.002f;
            expected[64 + i] = (float) (0.002f / Math.sqrt((double) 0.002f * 0.002f + EPS));
            x[128 + i] = 1e-20f;
            expected[128 + i] = (float) (1e-20f / Math.sqrt(EPS));
        }
        float[] weight = new float[64];
        java.util.Arrays.fill(weight, 1);
        float[] actual = c.run(RowProblem.of(shape, x, (builder, numTokens, in, out) -> {
                    var w = builder.weight("weight", DType.F32, weight, Dim.fixed("width", 64));
                    builder.add(new RmsNorm(EPS, in, w, out));
                }))
                .values("out");
        c.close("rows near eps", expected, actual, Tolerances.elementwise(DType.F32));
    }

    private static final class Norm implements RowCases.Formula {
        private float[] weight = {};

        @Override
        public RowProblem.Step step(RowProblem.Shape shape, Generator generator) {
            weight = RowProblem.rounded(generator.normals(shape.width()), shape.dtype());
            return (builder, numTokens, x, out) -> {
                var w = builder.weight("weight", shape.dtype(), weight, Dim.fixed("width", shape.width()));
                builder.add(new RmsNorm(EPS, x, w, out));
            };
        }

        @Override
        public double[] row(int index, double[] x) {
            double squares = 0;
            for (double value : x) {
                squares += value * value;
            }
            double factor = 1 / Math.sqrt(squares / x.length + EPS);
            double[] result = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                result[i] = x[i] * factor * weight[i];
            }
            return result;
        }
    }
}
