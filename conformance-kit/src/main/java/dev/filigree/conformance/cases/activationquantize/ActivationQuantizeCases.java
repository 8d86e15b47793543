package dev.filigree.conformance.cases.activationquantize;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.Codes;
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
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Quantizing activations: codes and scales bit for bit. */
public final class ActivationQuantizeCases {
    private static final int TOKENS = 7;

    private ActivationQuantizeCases() {}

    private static Problem problem(QuantFormat format, float shift, DType dtype, float[] x, float[] smooth) {
        int width = smooth.length;
        ProblemBuilder builder = new ProblemBuilder("quantize");
        Dim numTokens = builder.axis("numTokens", x.length / width);
        Dim in = Dim.fixed("inFeatures", width);
        TensorRef xRef = builder.input("x", dtype, x, numTokens, in);
        return builder.workload(1, x.length / width, 1)
                .add(new ActivationQuantize(
                        format,
                        shift,
                        xRef,
                        Optional.of(builder.weight("smooth", DType.F32, smooth, in)),
                        builder.output("codes", format.codes(), numTokens, in),
                        builder.output(
                                "scales", format.scaleDtype(), numTokens, Dim.fixed("numGroups", format.groups(width))),
                        Optional.of(builder.output("sums", DType.F32, numTokens))))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("ActivationQuantize");
        QuantFormat unsigned = new QuantFormat(DType.U4, 64, DType.BF16);
        for (QuantFormat format : List.of(QuantFormat.INT4_G64, QuantFormat.NVFP4, QuantFormat.INT8_ROW, unsigned)) {
            float shift = format.codes() == DType.U4 ? 40 : 0;
            for (DType dtype : RowCases.DTYPES) {
                for (int width : new int[] {64, 96, 192}) {
                    Params params = Params.of(
                            "dtype", dtype, "format", format.codes() + "/" + format.groupSize(), "width", width);
                    Tier tier = width == 96 ? Tier.SMOKE : Tier.CORE;
                    cases.check(Rule.R811, tier, params, c -> formula(c, format, shift, dtype, width));
                    cases.compare(
                            Rule.R811,
                            tier,
                            params,
                            g -> problem(
                                    format, shift, dtype, g.outliers(TOKENS, width, 20), positive(g.normals(width))));
                }
            }
        }
        cases.compare(
                Rule.R101,
                Tier.CORE,
                Params.of(),
                g -> problem(QuantFormat.INT8_ROW, 0, DType.F32, new float[0], positive(g.normals(64))));
        return cases.cases();
    }

    private static float[] positive(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.abs(values[i]) + 0.25f;
        }
        return values;
    }

    private static void formula(CaseContext c, QuantFormat format, float shift, DType dtype, int width) {
        float[] x = RowProblem.rounded(c.generator().outliers(TOKENS, width, 20), dtype);
        java.util.Arrays.fill(x, 0, width, -shift);
        float[] smooth = positive(c.generator().normals(width));
        Outputs outputs = c.run(problem(format, shift, dtype, x, smooth));
        TensorData codes = outputs.get("codes");
        int groupSize = format.groupSize() == 0 ? width : format.groupSize();
        float[] sums = new float[TOKENS];
        for (int t = 0; t < TOKENS; t++) {
            double sum = 0;
            for (int from = 0; from < width; from += groupSize) {
                int to = Math.min(width, from + groupSize);
                float scale = outputs.get("scales").get(t * format.groups(width) + from / groupSize);
                sum += group(c, format, shift, x, smooth, codes, t * width, from, to, scale);
            }
            sums[t] = (float) sum;
        }
        c.close("sums", sums, outputs.values("sums"), Tolerances.score());
    }

    private static double group(
            CaseContext c,
            QuantFormat format,
            float shift,
            float[] x,
            float[] smooth,
            TensorData codes,
            int row,
            int from,
            int to,
            float scale) {
        float max = 0;
        for (int i = from; i < to; i++) {
            max = Math.max(max, Math.abs((x[row + i] + shift) / smooth[i]));
        }
        float step = max / format.maxMagnitude();
        float wanted = format.scaleDtype() == DType.E4M3
                ? Codes.e4m3ToFloat(Codes.floatToE4m3(step))
                : AttentionData.round(step, format.scaleDtype());
        c.close("scale of the group at " + from, wanted == 0 ? 1 : wanted, scale, 0);
        double sum = 0;
        for (int i = from; i < to; i++) {
            float value = (x[row + i] + shift) / smooth[i] / scale;
            double low = format.codes() == DType.U4 ? 0 : -format.maxMagnitude();
            double expected = format.codes() == DType.E2M1
                    ? Codes.e2m1ToFloat(Codes.floatToE2m1(value))
                    : Math.clamp(Math.rint(value), low, format.maxMagnitude());
            c.close("code at " + (row + i), expected, codes.get(row + i), 0);
            sum += expected * scale;
        }
        return sum;
    }
}
