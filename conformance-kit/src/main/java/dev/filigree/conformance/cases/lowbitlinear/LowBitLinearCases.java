package dev.filigree.conformance.cases.lowbitlinear;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.QuantMatrix;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Products over codes. */
public final class LowBitLinearCases {
    private static final QuantFormat U4_G64 = new QuantFormat(DType.U4, 64, DType.F16);
    private static final int OUT = 34;

    private LowBitLinearCases() {}

    /** W4A16: float x, codes with optional zeros. */
    private static Problem weightOnly(QuantMatrix w, DType dtype, float[] x, Optional<float[]> zeros) {
        ProblemBuilder builder = new ProblemBuilder("weight only");
        Dim numTokens = builder.axis("numTokens", x.length / w.columns());
        Dim out = Dim.fixed("outFeatures", w.rows());
        TensorRef xRef = builder.input("x", dtype, x, numTokens, Dim.fixed("inFeatures", w.columns()));
        Dim groups = Dim.fixed("numGroups", w.format().groups(w.columns()));
        return builder.workload(1, x.length / w.columns(), 1)
                .add(new LowBitLinear(
                        w.format(),
                        Optional.empty(),
                        xRef,
                        Optional.empty(),
                        Optional.empty(),
                        w.declareCodes(builder, "weight", out),
                        w.declareScales(builder, "scales", out),
                        zeros.map(z -> builder.weight("zeros", DType.F32, z, out, groups)),
                        Optional.empty(),
                        Optional.empty(),
                        builder.output("y", dtype, numTokens, out)))
                .build();
    }

    /** Codes on both sides. */
    private static Problem both(QuantMatrix w, QuantMatrix x, DType dtype, float[] channelScales, float[] bias) {
        ProblemBuilder builder = new ProblemBuilder("codes on both sides");
        Dim numTokens = builder.axis("numTokens", x.rows());
        Dim out = Dim.fixed("outFeatures", w.rows());
        return builder.workload(1, x.rows(), 1)
                .add(new LowBitLinear(
                        w.format(),
                        Optional.of(x.format()),
                        x.declareCodes(builder, "x", numTokens),
                        Optional.of(x.declareScales(builder, "xScales", numTokens)),
                        Optional.empty(),
                        w.declareCodes(builder, "weight", out),
                        w.declareScales(builder, "scales", out),
                        Optional.empty(),
                        Optional.of(builder.weight("channelScales", DType.F32, channelScales, out)),
                        Optional.of(builder.weight("bias", dtype, bias, out)),
                        builder.output("y", dtype, numTokens, out)))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("LowBitLinear");
        QuantFormat[][] pairs = {
            {QuantFormat.INT8_ROW, QuantFormat.INT8_ROW},
            {QuantFormat.INT4_G64, QuantFormat.INT4_G64},
            {QuantFormat.NVFP4, QuantFormat.NVFP4},
            {U4_G64, QuantFormat.INT8_ROW}
        };
        for (DType dtype : RowCases.DTYPES) {
            Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
            for (QuantFormat[] pair : pairs) {
                for (int tokens : new int[] {0, 1, 9}) {
                    Params params =
                            Params.of("dtype", dtype, "w", pair[0].codes(), "x", pair[1].codes(), "tokens", tokens);
                    Rule rule = tokens == 0 ? Rule.R101 : Rule.R812;
                    cases.compare(
                            rule,
                            tier,
                            params,
                            g -> both(
                                    QuantMatrix.random(g, pair[0], OUT, 192),
                                    QuantMatrix.random(g, pair[1], tokens, 192),
                                    dtype,
                                    g.normals(OUT),
                                    g.normals(OUT)));
                }
            }
            for (QuantFormat format : List.of(QuantFormat.INT4_G64, U4_G64, QuantFormat.NVFP4)) {
                Params params = Params.of("dtype", dtype, "w", format.codes(), "x", "float");
                cases.compare(Rule.R812, tier, params, g -> random(g, format, dtype, new int[] {5, 192, OUT}));
                int[] more = {21, 192, 40};
                cases.compare(Rule.R812, Tier.CORE, params.with("size", more), g -> random(g, format, dtype, more));
            }
            tiles(cases, dtype, List.of(pairs[0], pairs[1]));
        }
        cases.check(Rule.R813, Tier.SMOKE, Params.of(), LowBitLinearCases::zerosCount);
        cases.check(Rule.R814, Tier.SMOKE, Params.of(), LowBitLinearCases::exactSums);
        cases.check(Rule.R814, Tier.SMOKE, Params.of("w", "progressive"), LowBitLinearCases::exactProgressiveSums);
        for (int[] size : new int[][] {{1, 16}, {9, 1}, {25, 33}, {61, 7}}) {
            for (boolean shifted : new boolean[] {false, true}) {
                Params params = Params.of("tokens", size[0], "rank", size[1], "shifted", shifted);
                for (DType dtype : RowCases.DTYPES) {
                    Params typed = dtype == DType.F32 ? params : params.with("dtype", dtype);
                    Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
                    cases.check(
                            Rule.R818,
                            tier,
                            typed,
                            c -> new BranchLayer(c.generator(), dtype, size[0], size[1], shifted).check(c));
                    cases.check(
                            Rule.R804,
                            tier,
                            typed,
                            c -> new BranchLayer(c.generator(), dtype, size[0], size[1], shifted).checkRows(c));
                }
            }
        }
        for (boolean shifted : new boolean[] {false, true}) {
            cases.check(
                    Rule.R108,
                    Tier.CORE,
                    Params.of("tokens", 9, "shifted", shifted),
                    c -> new BranchLayer(c.generator(), DType.F32, 9, 16, shifted).checkNaN(c));
        }
        for (int[] ranks : new int[][] {{1}, {16, 33}, {128}}) {
            cases.check(
                    Rule.R819,
                    Tier.SMOKE,
                    Params.of(
                            "ranks",
                            Arrays.toString(ranks).replaceAll("[\\[\\] ]", "").replace(',', '+')),
                    c -> new BranchLayer(c.generator(), DType.F32, 7, 16, false).checkAdapters(c, ranks));
        }
        for (QuantFormat[] pair : List.of(pairs[0], pairs[1], pairs[2])) {
            cases.check(Rule.R817, Tier.SMOKE, Params.of("format", pair[0].codes()), c -> groupScales(c, pair[0]));
        }
        return cases.cases();
    }

    // Around tiles of 128 and 256, and inputs of whole and of broken steps.
    private static void tiles(CaseList cases, DType dtype, List<QuantFormat[]> pairs) {
        for (int[] size : new int[][] {{127, 320, 257}, {129, 128, 264}, {12, 1152, 97}}) {
            for (QuantFormat[] pair : pairs) {
                Params params = Params.of("dtype", dtype, "w", pair[0].codes(), "x", pair[1].codes(), "size", size);
                cases.compare(
                        Rule.R812,
                        Tier.CORE,
                        params,
                        g -> both(
                                QuantMatrix.random(g, pair[0], size[2], size[1]),
                                QuantMatrix.random(g, pair[1], size[0], size[1]),
                                dtype,
                                g.normals(size[2]),
                                g.normals(size[2])));
            }
        }
        for (int[] size : new int[][] {{1, 128, 16}, {3, 1152, 97}, {13, 2176, 40}}) {
            Params params = Params.of("dtype", dtype, "w", DType.I4, "x", "float", "size", size);
            cases.compare(Rule.R812, Tier.CORE, params, g -> random(g, QuantFormat.INT4_G64, dtype, size));
        }
    }

    private static Problem random(Generator g, QuantFormat format, DType dtype, int[] size) {
        QuantMatrix w = QuantMatrix.random(g, format, size[2], size[1]);
        float[] x = g.outliers(size[0], size[1], 10);
        return weightOnly(
                w, dtype, x, format.codes() == DType.U4 ? Optional.of(g.normals(w.scales().length)) : Optional.empty());
    }

    // Codes of zero leave the zeros alone: y is the sum over groups of zero times the sum of x.
    private static void zerosCount(CaseContext c) {
        QuantMatrix blank = QuantMatrix.random(c.generator(), U4_G64, OUT, 192);
        Arrays.fill(blank.codes(), 0);
        float[] zeros = c.generator().normals(OUT * 3);
        float[] x = c.generator().normals(4 * 192);
        float[] expected = new float[4 * OUT];
        for (int i = 0; i < expected.length; i++) {
            double sum = 0;
            for (int k = 0; k < 192; k++) {
                sum += (double) x[i / OUT * 192 + k] * zeros[i % OUT * 3 + k / 64];
            }
            expected[i] = (float) sum;
        }
        float[] y = c.run(weightOnly(blank, DType.F32, x, Optional.of(zeros))).values("y");
        c.close("y of codes 0", expected, y, Tolerances.linear(DType.F32));
    }

    // Scales of one: results are integers below 2^24 and must be exact.
    private static void exactSums(CaseContext c) {
        QuantMatrix w = QuantMatrix.random(c.generator(), QuantFormat.INT8_ROW, OUT, 256);
        QuantMatrix x = QuantMatrix.random(c.generator(), QuantFormat.INT8_ROW, 6, 256);
        Arrays.fill(w.scales(), 1);
        Arrays.fill(x.scales(), 1);
        float[] ones = new float[OUT];
        Arrays.fill(ones, 1);
        float[] expected = new float[6 * OUT];
        for (int i = 0; i < expected.length; i++) {
            long sum = 0;
            for (int k = 0; k < 256; k++) {
                sum += (long) x.codes()[i / OUT * 256 + k] * w.codes()[i % OUT * 256 + k];
            }
            expected[i] = sum;
        }
        c.same(
                "integer sums",
                expected,
                c.run(both(w, x, DType.F32, ones, new float[OUT])).values("y"));
    }

    // QServe section 4.1: u4 codes in groups over int8. Every (q - z) s of a group is an int8, sums are integers below
    // 2^24.
    private static void exactProgressiveSums(CaseContext c) {
        QuantMatrix w = QuantMatrix.random(c.generator(), U4_G64, OUT, 192);
        QuantMatrix x = QuantMatrix.random(c.generator(), QuantFormat.INT8_ROW, 6, 192);
        float[] zeros = new float[w.scales().length];
        for (int g = 0; g < zeros.length; g++) {
            w.scales()[g] = 1 + g % 8;
            zeros[g] = -w.scales()[g] * (g * 7 % 16);
        }
        Arrays.fill(x.scales(), 1);
        float[] expected = new float[6 * OUT];
        for (int i = 0; i < expected.length; i++) {
            long sum = 0;
            for (int k = 0; k < 192; k++) {
                int g = i % OUT * 3 + k / 64;
                long weight = (long) w.code(i % OUT, k) * (long) w.scales()[g] + (long) zeros[g];
                sum += (long) x.codes()[i / OUT * 192 + k] * weight;
            }
            expected[i] = sum;
        }
        c.same("integer sums", expected, c.run(progressive(w, x, zeros)).values("y"));
    }

    private static Problem progressive(QuantMatrix w, QuantMatrix x, float[] zeros) {
        ProblemBuilder builder = new ProblemBuilder("groups over int8");
        Dim numTokens = builder.axis("numTokens", x.rows());
        Dim out = Dim.fixed("outFeatures", w.rows());
        Dim groups = Dim.fixed("numGroups", w.format().groups(w.columns()));
        float[] ones = new float[w.rows()];
        Arrays.fill(ones, 1);
        return builder.workload(1, x.rows(), 1)
                .add(new LowBitLinear(
                        w.format(),
                        Optional.of(x.format()),
                        x.declareCodes(builder, "x", numTokens),
                        Optional.of(x.declareScales(builder, "xScales", numTokens)),
                        Optional.empty(),
                        w.declareCodes(builder, "weight", out),
                        w.declareScales(builder, "scales", out),
                        Optional.of(builder.weight("zeros", DType.F32, zeros, out, groups)),
                        Optional.of(builder.weight("channelScales", DType.F32, ones, out)),
                        Optional.empty(),
                        builder.output("y", DType.F32, numTokens, out)))
                .build();
    }

    private static void groupScales(CaseContext c, QuantFormat format) {
        QuantMatrix w = QuantMatrix.random(c.generator(), format, OUT, 192);
        QuantMatrix x = QuantMatrix.random(c.generator(), format, 6, 192);
        float[] channels = c.generator().normals(OUT);
        float[] bias = c.generator().normals(OUT);
        float[] expected = new float[6 * OUT];
        for (int i = 0; i < expected.length; i++) {
            double sum = 0;
            for (int k = 0; k < 192; k++) {
                sum += (double) x.code(i / OUT, k) * x.scale(i / OUT, k) * w.code(i % OUT, k) * w.scale(i % OUT, k);
            }
            expected[i] = (float) (channels[i % OUT] * sum + bias[i % OUT]);
        }
        float[] y = c.run(both(w, x, DType.F32, channels, bias)).values("y");
        c.close("y", expected, y, Tolerances.linear(DType.F32));
    }
}
