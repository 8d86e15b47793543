package dev.filigree.conformance.cases.argmax;

import dev.filigree.api.op.Argmax;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;

/** The largest logit of each row. */
public final class ArgmaxCases {
    private ArgmaxCases() {}

    /** A problem over rows of logits. */
    public static Problem problem(DType dtype, float[] logits, int vocab) {
        ProblemBuilder builder = new ProblemBuilder("argmax");
        Dim numSeqs = builder.axis("numSeqs", logits.length / vocab);
        var rows = builder.input("logits", dtype, logits, numSeqs, Dim.fixed("vocab", vocab));
        return builder.workload(logits.length / vocab, 1, 1)
                .add(new Argmax(rows, builder.output("tokens", DType.I32, numSeqs)))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Argmax");
        for (DType dtype : RowCases.DTYPES) {
            for (int vocab : new int[] {1, 2, 31, 64, 65, 1000, 4099}) {
                Params params = Params.of("dtype", dtype, "vocab", vocab);
                Tier tier = vocab == 65 ? Tier.SMOKE : Tier.CORE;
                cases.check(Rule.R912, tier, params, c -> ties(c, dtype, vocab));
                cases.check(Rule.R913, tier, params, c -> nan(c, dtype, vocab));
                cases.compare(Rule.R912, tier, params, g -> problem(dtype, g.normals(5 * vocab), vocab));
            }
            cases.compare(Rule.R101, Tier.CORE, Params.of("dtype", dtype), g -> problem(dtype, new float[0], 9));
        }
        cases.compare(
                Rule.R912,
                Tier.FULL,
                Params.of("vocab", 152064),
                g -> problem(DType.BF16, g.normals(2 * 152064), 152064));
        return cases.cases();
    }

    private static void ties(CaseContext c, DType dtype, int vocab) {
        float[] logits = new float[4 * vocab];
        int[] expected = new int[4];
        for (int row = 0; row < 4; row++) {
            int from = row * vocab;
            for (int i = 0; i < vocab; i++) {
                logits[from + i] = -1 - c.generator().below(50);
            }
            int[] best = c.generator().subset(vocab, Math.min(vocab, 1 + 2 * row));
            for (int i : best) {
                logits[from + i] = row == 3 ? -0.5f : 3;
            }
            expected[row] = best[0];
        }
        c.same("tokens", expected, c.run(problem(dtype, logits, vocab)).ints("tokens"));
    }

    private static void nan(CaseContext c, DType dtype, int vocab) {
        float[] logits = c.generator().normals(3 * vocab);
        int[] where = c.generator().subset(vocab, Math.min(vocab, 2));
        Arrays.fill(logits, 0, vocab, Float.NEGATIVE_INFINITY);
        for (int i : where) {
            logits[vocab + i] = Float.NaN;
        }
        logits[2 * vocab] = Float.POSITIVE_INFINITY;
        int[] expected = {0, where[0], 0};
        c.same("tokens", expected, c.run(problem(dtype, logits, vocab)).ints("tokens"));
    }
}
