package dev.filigree.conformance.cases.layernorm;

import dev.filigree.api.op.LayerNorm;
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
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Layer norms with and without weight and bias. */
public final class LayerNormCases {
    private static final float EPS = 1e-5f;

    private LayerNormCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("LayerNorm");
        RowCases.add(cases, Rule.R904, Params.of("affine", true), () -> new Norm(true));
        RowCases.add(cases, Rule.R904, Params.of("affine", false), () -> new Norm(false));
        cases.check(Rule.R903, Tier.SMOKE, Params.of(), LayerNormCases::smallRows);
        cases.check(Rule.R905, Tier.SMOKE, Params.of(), LayerNormCases::largeMean);
        return cases.cases();
    }

    private static float[] plain(CaseContext c, RowProblem.Shape shape, float[] x) {
        return c.run(RowProblem.of(
                        shape,
                        x,
                        (builder, numTokens, in, out) ->
                                builder.add(new LayerNorm(EPS, in, Optional.empty(), Optional.empty(), out))))
                .values("out");
    }

    private static void smallRows(CaseContext c) {
        RowProblem.Shape shape = new RowProblem.Shape(1, 64, DType.F32);
        float[] x = new float[64];
        float[] expected = new float[64];
        for (int i = 0; i < 64; i++) {
            x[i] = i % 2 == 0 ? 0.002f : -0.002f;
            expected[i] = (float) (x[i] / Math.sqrt((double) 0.002f * 0.002f + EPS));
        }
        c.close("a row near eps", expected, plain(c, shape, x), Tolerances.elementwise(DType.F32));
    }

    // Mean 4096 with deviations of 1: the mean of squares minus the square of the mean loses all digits in fp32.
    private static void largeMean(CaseContext c) {
        RowProblem.Shape shape = new RowProblem.Shape(2, 256, DType.F32);
        float[] x = new float[shape.size()];
        float[] expected = new float[shape.size()];
        for (int i = 0; i < x.length; i++) {
            x[i] = 4096 + (i % 2 == 0 ? 1 : -1);
            expected[i] = (float) ((i % 2 == 0 ? 1 : -1) / Math.sqrt(1 + EPS));
        }
        c.close("rows far from 0", expected, plain(c, shape, x), Tolerances.elementwise(DType.F32));
    }

    private static final class Norm implements RowCases.Formula {
        private final boolean affine;
        private float[] weight = {};
        private float[] bias = {};

        Norm(boolean affine) {
            this.affine = affine;
        }

        @Override
        public RowProblem.Step step(RowProblem.Shape shape, Generator generator) {
            weight = RowProblem.rounded(generator.normals(shape.width()), shape.dtype());
            bias = RowProblem.rounded(generator.normals(shape.width()), shape.dtype());
            return (builder, numTokens, x, out) -> {
                Dim width = Dim.fixed("width", shape.width());
                builder.add(
                        affine
                                ? new LayerNorm(
                                        EPS,
                                        x,
                                        Optional.of(builder.weight("weight", shape.dtype(), weight, width)),
                                        Optional.of(builder.weight("bias", shape.dtype(), bias, width)),
                                        out)
                                : new LayerNorm(EPS, x, Optional.empty(), Optional.empty(), out));
            };
        }

        @Override
        public double[] row(int index, double[] x) {
            double mean = 0;
            for (double value : x) {
                mean += value / x.length;
            }
            double variance = 0;
            for (double value : x) {
                variance += (value - mean) * (value - mean) / x.length;
            }
            double[] result = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                double normed = (x[i] - mean) / Math.sqrt(variance + EPS);
                result[i] = affine ? normed * weight[i] + bias[i] : normed;
            }
            return result;
        }
    }
}
