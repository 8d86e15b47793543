package dev.filigree.conformance.cases.sample;

import dev.filigree.api.op.Sample;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.problem.Layout;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;

/** Drawing tokens. */
public final class SampleCases {
    private static final int ROWS = 24;

    /**
     * How one row is drawn.
     *
     * @param temperature 0 for the largest logit
     * @param topK 0 for all
     * @param topP 1 for all
     * @param seed of the sequence
     * @param position of the token drawn
     */
    record Draw(float temperature, int topK, float topP, long seed, int position) {}

    private SampleCases() {}

    static Problem problem(DType dtype, float[] logits, int vocab, List<Draw> draws) {
        ProblemBuilder builder = new ProblemBuilder("sample");
        Dim numSeqs = builder.axis("numSeqs", draws.size());
        TensorRef rows = builder.input("logits", dtype, logits, numSeqs, Dim.fixed("vocab", vocab));
        float[] temperatures = new float[draws.size()];
        float[] topPs = new float[draws.size()];
        for (int i = 0; i < temperatures.length; i++) {
            temperatures[i] = draws.get(i).temperature();
            topPs[i] = draws.get(i).topP();
        }
        TensorRef seeds = builder.declare("seeds", TensorRole.INPUT, DType.I64, Layout.CONTIGUOUS, numSeqs);
        for (int i = 0; i < draws.size(); i++) {
            builder.data(seeds).setLong(i, draws.get(i).seed());
        }
        return builder.workload(draws.size(), draws.size(), 1)
                .add(new Sample(
                        rows,
                        builder.input("temperatures", DType.F32, temperatures, numSeqs),
                        builder.ints(
                                "topKs", draws.stream().mapToInt(Draw::topK).toArray(), numSeqs),
                        builder.input("topPs", DType.F32, topPs, numSeqs),
                        seeds,
                        builder.ints(
                                "positions",
                                draws.stream().mapToInt(Draw::position).toArray(),
                                numSeqs),
                        builder.output("tokens", DType.I32, numSeqs)))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Sample");
        for (DType dtype : RowCases.DTYPES) {
            for (int vocab : new int[] {1, 7, 64, 1000}) {
                Params params = Params.of("dtype", dtype, "vocab", vocab);
                cases.check(Rule.R914, vocab == 64 ? Tier.SMOKE : Tier.CORE, params, c -> steps(c, dtype, vocab));
                cases.check(Rule.R916, Tier.CORE, params, c -> greedy(c, dtype, vocab));
            }
        }
        cases.check(Rule.R915, Tier.SMOKE, Params.of(), SampleCases::seedAndPosition);
        cases.compare(Rule.R101, Tier.CORE, Params.of(), g -> problem(DType.F32, new float[0], 9, List.of()));
        return cases.cases();
    }

    private static void steps(CaseContext c, DType dtype, int vocab) {
        float[] logits = new float[ROWS * vocab];
        float[] raw = c.generator().normals(logits.length);
        Draw[] draws = new Draw[ROWS];
        int[] expected = new int[ROWS];
        for (int row = 0; row < ROWS; row++) {
            for (int i = 0; i < vocab; i++) {
                logits[row * vocab + i] = AttentionData.round(2 * raw[row * vocab + i], dtype);
            }
            draws[row] = new Draw(
                    c.generator().chance(0.2) ? 0 : c.generator().uniform(0.3, 2),
                    c.generator().chance(0.5) ? 0 : c.generator().between(1, 2 * vocab),
                    c.generator().chance(0.5) ? 1 : c.generator().uniform(0.05, 1),
                    c.generator().anyLong(),
                    c.generator().below(5000));
            expected[row] = SampleSteps.draw(Arrays.copyOfRange(logits, row * vocab, (row + 1) * vocab), draws[row]);
        }
        c.same(
                "tokens",
                expected,
                c.run(problem(dtype, logits, vocab, List.of(draws))).ints("tokens"));
    }

    private static void greedy(CaseContext c, DType dtype, int vocab) {
        float[] logits = c.generator().normals(2 * vocab);
        int[] expected = new int[2];
        for (int i = 0; i < logits.length; i++) {
            // Coarse values make ties likely; the lower index must win.
            logits[i] = Math.round(logits[i]);
            int row = i / vocab;
            if (logits[i] > logits[row * vocab + expected[row]]) {
                expected[row] = i % vocab;
            }
        }
        List<Draw> draws = List.of(new Draw(0, 3, 0.4f, 1, 2), new Draw(0, 0, 1, 3, 4));
        c.same("tokens", expected, c.run(problem(dtype, logits, vocab, draws)).ints("tokens"));
    }

    private static void seedAndPosition(CaseContext c) {
        int vocab = 512;
        float[] logits = new float[4 * vocab];
        List<Draw> draws = List.of(
                new Draw(1, 0, 1, 11, 5), new Draw(1, 0, 1, 11, 6), new Draw(1, 0, 1, 12, 5), new Draw(1, 0, 1, 11, 5));
        int[] tokens = c.run(problem(DType.F32, logits, vocab, draws)).ints("tokens");
        c.check(tokens[0] == tokens[3], () -> "equal rows drew " + tokens[0] + " and " + tokens[3]);
        c.check(
                tokens[0] != tokens[1] && tokens[0] != tokens[2],
                () -> "other positions and seeds must draw other tokens of a flat row of 512, not "
                        + Arrays.toString(tokens));
        int[] alone = c.run(problem(DType.F32, new float[vocab], vocab, draws.subList(1, 2)))
                .ints("tokens");
        c.check(alone[0] == tokens[1], () -> "a row drew " + tokens[1] + " in a batch and " + alone[0] + " alone");
    }
}
