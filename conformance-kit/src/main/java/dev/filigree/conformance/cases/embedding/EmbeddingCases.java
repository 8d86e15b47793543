package dev.filigree.conformance.cases.embedding;

import dev.filigree.api.op.Embedding;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Rows of a table by index, with conversion. */
public final class EmbeddingCases {
    private EmbeddingCases() {}

    /** A problem that copies rows. */
    public static Problem problem(DType from, DType to, float[] table, int hidden, int[] ids) {
        ProblemBuilder builder = new ProblemBuilder("embedding");
        Dim n = builder.axis("numTokens", ids.length);
        Dim width = Dim.fixed("hidden", hidden);
        var rows = builder.weight("table", from, table, Dim.fixed("numRows", table.length / hidden), width);
        var which = builder.ints("ids", ids, n);
        return builder.workload(1, ids.length, ids.length)
                .add(new Embedding(rows, which, builder.output("out", to, n, width)))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Embedding");
        for (DType from : RowCases.DTYPES) {
            for (DType to : RowCases.DTYPES) {
                for (int hidden : new int[] {1, 31, 64, 129}) {
                    Params params = Params.of("dtype", from, "to", to, "hidden", hidden);
                    Tier tier = from == to && hidden == 64 ? Tier.SMOKE : Tier.CORE;
                    cases.check(Rule.R901, tier, params, c -> copies(c, from, to, hidden));
                }
            }
        }
        cases.compare(
                Rule.R101, Tier.CORE, Params.of(), g -> problem(DType.F32, DType.F32, g.normals(64), 16, new int[0]));
        cases.check(Rule.R105, Tier.SMOKE, Params.of("to", DType.F16), c -> rounds(c, DType.F16, 11));
        cases.check(Rule.R105, Tier.SMOKE, Params.of("to", DType.BF16), c -> rounds(c, DType.BF16, 8));
        return cases.cases();
    }

    private static void copies(CaseContext c, DType from, DType to, int hidden) {
        float[] table = new float[13 * hidden];
        float[] raw = c.generator().normals(table.length);
        for (int i = 0; i < table.length; i++) {
            table[i] = AttentionData.round(raw[i], from);
        }
        int[] ids = {0, 12, 5, 5, 11, 0};
        float[] expected = new float[ids.length * hidden];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = AttentionData.round(table[ids[i / hidden] * hidden + i % hidden], to);
        }
        c.same("rows", expected, c.run(problem(from, to, table, hidden, ids)).values("out"));
    }

    // Ties, values beside ties, and the edges of the range, all exact in f32.
    private static void rounds(CaseContext c, DType to, int precision) {
        double ulp = Math.scalb(1.0, 1 - precision);
        float[] table = {
            (float) (1 + ulp / 2),
            (float) (1 + 3 * ulp / 2),
            (float) (1 + ulp / 2 + ulp / 64),
            (float) (1 + ulp / 2 - ulp / 64),
            (float) -(1 + ulp / 2),
            (float) -(1 + 3 * ulp / 2),
            -0f,
            Float.NEGATIVE_INFINITY
        };
        float[] expected = {
            1, (float) (1 + 2 * ulp), (float) (1 + ulp), 1, -1, (float) -(1 + 2 * ulp), -0f, Float.NEGATIVE_INFINITY
        };
        c.same(
                "ties",
                expected,
                c.run(problem(DType.F32, to, table, 8, new int[] {0})).values("out"));
    }
}
