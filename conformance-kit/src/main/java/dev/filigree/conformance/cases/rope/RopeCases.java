package dev.filigree.conformance.cases.rope;

import dev.filigree.api.op.Rope;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.RotaryCode;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.problem.Layout;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;

/** Rotary position embedding. */
public final class RopeCases {
    private static final int[] POSITIONS = {0, 1, 2, 63, 64, 1023, 4096, 131071};
    private static final int NUM_HEADS = 3;

    private RopeCases() {}

    /** A problem with a separate output; {@code x} is {@code [positions, 3, headDim]}. */
    public static Problem problem(
            RotaryCode rotary, DType dtype, Layout layout, int headDim, float[] x, int[] positions) {
        ProblemBuilder builder = new ProblemBuilder("rope");
        Dim numTokens = builder.axis("numTokens", positions.length);
        Dim numHeads = Dim.fixed("numHeads", NUM_HEADS);
        Dim width = Dim.fixed("headDim", headDim);
        var in = builder.input("x", dtype, layout, x, numTokens, numHeads, width);
        var at = builder.ints("positions", positions, numTokens);
        var out = builder.declare("out", TensorRole.OUTPUT, dtype, layout, numTokens, numHeads, width);
        builder.workload(1, positions.length, positions.length);
        return builder.add(new Rope(rotary.declare(builder), in, at, out)).build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Rope");
        for (Rotary.Style style : Rotary.Style.values()) {
            for (DType dtype : RowCases.DTYPES) {
                for (int[] dims : new int[][] {{2, 2}, {64, 64}, {64, 32}, {80, 80}, {96, 64}, {128, 128}}) {
                    RotaryCode rotary = new RotaryCode(style, dims[1], dims[1] == 80 ? 1.25f : 1);
                    Params params = Params.of("style", style, "dtype", dtype, "dims", dims[0] + "/" + dims[1]);
                    Tier tier = dims[0] == 64 ? Tier.SMOKE : Tier.CORE;
                    cases.check(Rule.R906, tier, params, c -> formula(c, rotary, dtype, dims[0]));
                    cases.compare(
                            Rule.R104,
                            tier,
                            params,
                            g -> problem(
                                    rotary,
                                    dtype,
                                    Layout.SLICED,
                                    dims[0],
                                    g.normals(8 * NUM_HEADS * dims[0]),
                                    POSITIONS));
                }
                RotaryCode rotary = new RotaryCode(style, 64, 1);
                cases.check(
                        Rule.R917,
                        Tier.CORE,
                        Params.of("style", style, "dtype", dtype),
                        c -> inPlace(c, rotary, dtype));
            }
            RotaryCode rotary = new RotaryCode(style, 32, 1);
            cases.check(Rule.R907, Tier.SMOKE, Params.of("style", style), c -> relative(c, rotary));
            cases.check(Rule.R908, Tier.SMOKE, Params.of("style", style), c -> pairs(c, rotary));
            cases.compare(
                    Rule.R101,
                    Tier.CORE,
                    Params.of("style", style),
                    g -> problem(rotary, DType.F32, Layout.CONTIGUOUS, 32, new float[0], new int[0]));
        }
        return cases.cases();
    }

    private static void formula(CaseContext c, RotaryCode rotary, DType dtype, int headDim) {
        float[] x = RowProblem.rounded(c.generator().outliers(8 * NUM_HEADS, headDim, 8), dtype);
        float[] expected = new float[x.length];
        for (int row = 0; row < 8 * NUM_HEADS; row++) {
            double[] vector = new double[headDim];
            for (int i = 0; i < headDim; i++) {
                vector[i] = x[row * headDim + i];
            }
            rotary.turn(vector, POSITIONS[row / NUM_HEADS]);
            for (int i = 0; i < headDim; i++) {
                expected[row * headDim + i] = AttentionData.round((float) vector[i], dtype);
            }
        }
        float[] actual = c.run(problem(rotary, dtype, Layout.CONTIGUOUS, headDim, x, POSITIONS))
                .values("out");
        c.close("formula", expected, actual, Tolerances.elementwise(dtype));
    }

    private static void inPlace(CaseContext c, RotaryCode rotary, DType dtype) {
        float[] x = c.generator().normals(8 * NUM_HEADS * 64);
        float[] apart = c.run(problem(rotary, dtype, Layout.CONTIGUOUS, 64, x, POSITIONS))
                .values("out");
        ProblemBuilder builder = new ProblemBuilder("rope in place");
        Dim numTokens = builder.axis("numTokens", POSITIONS.length);
        var state = builder.state("x", dtype, x, numTokens, Dim.fixed("numHeads", NUM_HEADS), Dim.fixed("headDim", 64));
        var at = builder.ints("positions", POSITIONS, numTokens);
        Problem inPlace =
                builder.add(new Rope(rotary.declare(builder), state, at, state)).build();
        c.same("in place", apart, c.run(inPlace).values("x"));
    }

    // Scores of rotated vectors depend on the distance of their positions only.
    private static void relative(CaseContext c, RotaryCode rotary) {
        float[] one = c.generator().normals(NUM_HEADS * 32);
        float[] x = new float[4 * one.length];
        for (int i = 0; i < 4; i++) {
            System.arraycopy(one, 0, x, i * one.length, one.length);
        }
        float[] y = c.run(problem(rotary, DType.F32, Layout.CONTIGUOUS, 32, x, new int[] {3, 20, 110, 127}))
                .values("out");
        double near = dot(y, 0, one.length, 32);
        double far = dot(y, 2 * one.length, 3 * one.length, 32);
        c.close("score at distance 17", near, far, 1e-3);
        double other = dot(y, 0, 2 * one.length, 32);
        c.check(Math.abs(other - near) > 1e-2, () -> "scores at distances 17 and 107 are both " + near);
    }

    private static double dot(float[] values, int a, int b, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += (double) values[a + i] * values[b + i];
        }
        return sum;
    }

    // The first channel of a vector turns into its partner and into no other.
    private static void pairs(CaseContext c, RotaryCode rotary) {
        float[] x = new float[NUM_HEADS * 48];
        for (int head = 0; head < NUM_HEADS; head++) {
            x[head * 48] = 1;
            x[head * 48 + 40] = 7;
        }
        float[] y = c.run(problem(rotary, DType.F32, Layout.CONTIGUOUS, 48, x, new int[] {1}))
                .values("out");
        float[] expected = new float[48];
        expected[0] = (float) Math.cos(1);
        expected[rotary.style() == Rotary.Style.HALF_SPLIT ? 16 : 1] = (float) Math.sin(1);
        expected[40] = 7;
        c.close("turned unit vector", expected, Arrays.copyOf(y, 48), Tolerances.elementwise(DType.F32));
    }
}
