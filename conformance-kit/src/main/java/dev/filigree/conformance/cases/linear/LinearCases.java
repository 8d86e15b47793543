package dev.filigree.conformance.cases.linear;

import dev.filigree.api.op.Linear;
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
import java.util.List;
import java.util.Optional;

/** 16- and 32-bit linear layers. */
public final class LinearCases {
    private static final int[][] SIZES = {
        {1, 1, 1},
        {1, 64, 128},
        {1, 257, 129},
        {2, 31, 33},
        {7, 64, 64},
        {15, 16, 17},
        {16, 128, 65},
        {17, 127, 128},
        {33, 65, 31},
        {64, 64, 64},
        {65, 129, 63},
        {128, 32, 96},
        {129, 97, 101},
        {127, 8, 255},
        {128, 64, 256},
        {129, 72, 257},
        {271, 328, 523},
        {385, 640, 264}
    };

    /**
     * Extents of a layer.
     *
     * @param numTokens rows of x
     * @param inFeatures columns of x
     * @param outFeatures columns of y
     */
    public record Shape(int numTokens, int inFeatures, int outFeatures) {}

    private LinearCases() {}

    /** A problem; an empty bias is no bias. */
    public static Problem problem(Shape shape, DType[] dtypes, float[] x, float[] weight, float[] bias) {
        ProblemBuilder builder = new ProblemBuilder("linear");
        Dim numTokens = builder.axis("numTokens", shape.numTokens());
        Dim in = Dim.fixed("inFeatures", shape.inFeatures());
        Dim out = Dim.fixed("outFeatures", shape.outFeatures());
        TensorRef xRef = builder.input("x", dtypes[0], x, numTokens, in);
        TensorRef w = builder.weight("weight", dtypes[1], weight, out, in);
        Optional<TensorRef> b =
                bias.length == 0 ? Optional.empty() : Optional.of(builder.weight("bias", dtypes[1], bias, out));
        return builder.workload(1, shape.numTokens(), shape.numTokens())
                .add(new Linear(xRef, w, b, builder.output("y", dtypes[2], numTokens, out)))
                .build();
    }

    private static Problem random(Generator g, Shape s, DType[] dtypes, boolean bias) {
        float[] x = g.outliers(s.numTokens(), s.inFeatures(), 20);
        float[] w = g.normals(s.outFeatures() * s.inFeatures());
        return problem(s, dtypes, x, w, bias ? g.normals(s.outFeatures()) : new float[0]);
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Linear");
        for (DType dtype : RowCases.DTYPES) {
            for (int[] size : SIZES) {
                Shape shape = new Shape(size[0], size[1], size[2]);
                boolean bias = size[0] % 2 == 1;
                Params params = Params.of("dtype", dtype, "size", size, "bias", bias);
                Tier tier = size[0] == 17 || size[1] == 257 ? Tier.SMOKE : Tier.CORE;
                cases.compare(Rule.R801, tier, params, g -> random(g, shape, all(dtype), bias));
            }
            Params params = Params.of("dtype", dtype);
            cases.check(Rule.R802, Tier.SMOKE, params, c -> picksColumns(c, dtype));
            cases.check(Rule.R803, Tier.SMOKE, params, c -> bias(c, dtype));
            cases.check(Rule.R804, Tier.SMOKE, params, c -> rows(c, dtype));
            cases.compare(Rule.R101, Tier.CORE, params, g -> random(g, new Shape(0, 32, 16), all(dtype), true));
            cases.compare(
                    Rule.R801,
                    Tier.FULL,
                    params.with("size", "[512,1024,1024]"),
                    g -> random(g, new Shape(512, 1024, 1024), all(dtype), false));
            cases.compare(
                    Rule.R801,
                    Tier.FULL,
                    params.with("size", "[1,4096,4096]"),
                    g -> random(g, new Shape(1, 4096, 4096), all(dtype), false));
        }
        DType[][] mixed = {
            {DType.F32, DType.BF16, DType.F32},
            {DType.BF16, DType.BF16, DType.F32},
            {DType.F16, DType.F32, DType.F16},
            {DType.F32, DType.F16, DType.F32}
        };
        for (DType[] dtypes : mixed) {
            Params params = Params.of("x", dtypes[0], "weight", dtypes[1], "y", dtypes[2]);
            cases.compare(Rule.R109, Tier.CORE, params, g -> random(g, new Shape(9, 65, 33), dtypes, true));
        }
        return cases.cases();
    }

    private static DType[] all(DType dtype) {
        return new DType[] {dtype, dtype, dtype};
    }

    // A weight of unit rows copies features, which no rounding may change: each output row names one input column.
    private static void picksColumns(CaseContext c, DType dtype) {
        Shape shape = new Shape(19, 67, 45);
        float[] x = RowProblem.rounded(c.generator().normals(19 * 67), dtype);
        float[] weight = new float[45 * 67];
        float[] expected = new float[19 * 45];
        for (int o = 0; o < 45; o++) {
            int column = c.generator().below(67);
            float factor = o % 2 == 0 ? 1 : -2;
            weight[o * 67 + column] = factor;
            for (int i = 0; i < 19; i++) {
                expected[i * 45 + o] = factor * x[i * 67 + column];
            }
        }
        float[] y = c.run(problem(shape, all(dtype), x, weight, new float[0])).values("y");
        c.close("picked columns", expected, y, Tolerances.elementwise(DType.F32));
    }

    private static void bias(CaseContext c, DType dtype) {
        Shape shape = new Shape(5, 33, 70);
        float[] bias = c.generator().normals(70);
        float[] expected = new float[5 * 70];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = AttentionData.round(bias[i % 70], dtype);
        }
        float[] y = c.run(problem(
                        shape, all(dtype), new float[5 * 33], c.generator().normals(70 * 33), bias))
                .values("y");
        c.close("x of zeros", expected, y, Tolerances.elementwise(DType.F32));
    }

    private static void rows(CaseContext c, DType dtype) {
        Shape shape = new Shape(21, 65, 34);
        float[] x = c.generator().outliers(21, 65, 20);
        float[] weight = c.generator().normals(34 * 65);
        float[] whole =
                c.run(problem(shape, all(dtype), x, weight, new float[0])).values("y");
        for (int row : new int[] {0, 7, 20}) {
            float[] alone = c.run(problem(
                            new Shape(1, 65, 34),
                            all(dtype),
                            AttentionData.rows(x, row, row + 1, 65),
                            weight,
                            new float[0]))
                    .values("y");
            c.close(
                    "row " + row + " alone",
                    alone,
                    AttentionData.rows(whole, row, row + 1, 34),
                    Tolerances.linear(dtype).betweenResults());
        }
        x[7 * 65 + 3] = Float.NaN;
        float[] broken =
                c.run(problem(shape, all(dtype), x, weight, new float[0])).values("y");
        for (int i = 0; i < broken.length; i++) {
            int at = i;
            c.check(
                    Float.isNaN(broken[i]) == (i / 34 == 7),
                    () -> "a NaN in row 7 of x, and y at row " + at / 34 + " is " + broken[at]);
        }
    }
}
