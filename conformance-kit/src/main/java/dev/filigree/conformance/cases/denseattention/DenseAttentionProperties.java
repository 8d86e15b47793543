package dev.filigree.conformance.cases.denseattention;

import static dev.filigree.conformance.cases.denseattention.DenseAttentionCases.problem;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionProperty;
import dev.filigree.conformance.cases.shared.AttentionResult;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;

/** What dense attention must do whatever the reference says. */
final class DenseAttentionProperties {
    private DenseAttentionProperties() {}

    static void add(CaseList cases) {
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
            Params params = Params.of("dtype", dtype);
            Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
            cases.check(Rule.R205, tier, params, c -> twoKeys(c, dtype));
            cases.check(Rule.R206, tier, params, c -> constantValues(c, dtype));
            cases.check(Rule.R207, tier, params, c -> equalScores(c, dtype));
        }
        for (int[] lengths : new int[][] {{40, 40}, {7, 70}, {33, 65}, {9, 5}}) {
            AttentionShape shape = AttentionShape.of(lengths[0], lengths[1]);
            cases.check(Rule.R202, Tier.SMOKE, shape.params(), c -> causal(c, shape));
        }
        AttentionShape ragged = AttentionShape.ragged(new int[] {5, 0, 18, 1}, new int[] {9, 4, 18, 33});
        cases.check(
                Rule.R209,
                Tier.SMOKE,
                ragged.params(),
                c -> AttentionProperty.sequencesDoNotMix(
                        c, AttentionData.random(c.generator(), ragged), d -> problem(d, Masking.CAUSAL)));
        AttentionShape empty = AttentionShape.ragged(new int[] {3, 9}, new int[] {0, 4});
        cases.check(Rule.R203, Tier.SMOKE, empty.params(), c -> emptyRows(c, empty));
        for (int[] heads : new int[][] {{3, 1}, {4, 2}, {8, 2}, {6, 3}}) {
            AttentionShape shape = AttentionShape.of(11, 23).heads(heads[0], heads[1]);
            cases.check(Rule.R208, Tier.SMOKE, shape.params(), c -> groups(c, shape));
        }
        for (int chunk : new int[] {1, 16, 23}) {
            AttentionShape shape = AttentionShape.of(70, 70);
            cases.check(Rule.R212, Tier.CORE, shape.params().with("chunk", chunk), c -> chunks(c, shape, chunk));
        }
        AttentionShape square = AttentionShape.of(13, 37);
        cases.check(Rule.R213, Tier.CORE, square.params(), c -> keyOrder(c, square));
        cases.check(Rule.R214, Tier.CORE, square.params(), c -> largeScores(c, square));
        cases.check(Rule.R108, Tier.SMOKE, square.params(), c -> nanQuery(c, square));
    }

    private static AttentionData one(AttentionShape shape, float[] q, float[] k, float[] v) {
        return new AttentionData(shape, new float[][] {q}, new float[][] {k}, new float[][] {v});
    }

    private static AttentionResult run(CaseContext c, AttentionData data, Masking masking) {
        return AttentionProperty.run(c, data, d -> problem(d, masking));
    }

    // Two keys whose scores differ by s weigh 1 : e^s, which says what the scale is without any other attention.
    private static void twoKeys(CaseContext c, DType dtype) {
        AttentionShape shape = AttentionShape.of(1, 2).heads(1, 1).dims(16, 16).dtype(dtype);
        float[] q = new float[16];
        float[] k = new float[32];
        float[] v = new float[32];
        q[3] = 4;
        k[3] = 1;
        Arrays.fill(v, 0, 16, 1);
        float scale = 0.375f;
        AttentionResult result = AttentionProperty.run(
                c, one(shape, q, k, v), d -> problem(d, Masking.BIDIRECTIONAL, HeadMap.all(1, 1), scale));
        double expected = 1 / (1 + Math.exp(-4 * scale));
        c.close(
                "weight of the first key",
                expected,
                result.out()[0],
                1.5 * Math.scalb(1.0, dtype == DType.F32 ? -20 : -9));
        c.close("lse", Math.log(1 + Math.exp(4 * scale)), result.lse()[0], 1e-5);
    }

    private static void constantValues(CaseContext c, DType dtype) {
        AttentionShape shape = AttentionShape.of(29, 61).heads(4, 2).dtype(dtype);
        AttentionData data = AttentionData.random(c.generator(), shape);
        Arrays.fill(data.v(0), 1.5f);
        float[] expected = new float[29 * 4 * 32];
        Arrays.fill(expected, 1.5f);
        c.close("out", expected, run(c, data, Masking.CAUSAL).out(), Tolerances.attention(dtype));
    }

    private static void equalScores(CaseContext c, DType dtype) {
        AttentionShape shape = AttentionShape.of(19, 19).heads(2, 1).dtype(dtype);
        AttentionData data = AttentionData.random(c.generator(), shape);
        Arrays.fill(data.q(0), 0);
        AttentionResult result = run(c, data, Masking.CAUSAL);
        float[] expected = new float[19 * 2];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = (float) Math.log(Math.floorDiv(i, 2) + 1.0);
        }
        c.close("lse", expected, result.lse(), Tolerances.lse());
    }

    private static void causal(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        int last = shape.kvLengths()[0] - 1;
        int[] keys = Arrays.stream(new int[] {0, last / 3, last / 2, last - 1, last})
                .distinct()
                .toArray();
        AttentionProperty.seesExactly(c, data, d -> problem(d, Masking.CAUSAL), (q, k) -> k <= q, keys);
        AttentionProperty.seesExactly(c, data, d -> problem(d, Masking.BIDIRECTIONAL), (q, k) -> true, last);
    }

    private static void emptyRows(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionProperty.emptyRows(c, run(c, data, Masking.BIDIRECTIONAL), 0, 3);
        AttentionResult causal = run(c, data, Masking.CAUSAL);
        AttentionProperty.emptyRows(c, causal, 0, 3);
        // Nine queries over four keys: bottom-right alignment leaves the first five without any.
        AttentionProperty.emptyRows(c, causal, 3, 8);
    }

    private static void groups(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionResult grouped = run(c, data, Masking.CAUSAL);
        AttentionShape wide = shape.heads(shape.numQoHeads(), shape.numQoHeads());
        AttentionData expanded = one(wide, data.q(0), expand(shape, data.k(0)), expand(shape, data.v(0)));
        AttentionProperty.same(c, "keys repeated per query head:", run(c, expanded, Masking.CAUSAL), grouped);
    }

    private static float[] expand(AttentionShape shape, float[] kv) {
        int group = shape.numQoHeads() / shape.numKvHeads();
        int dim = shape.headDimQk();
        float[] wide = new float[kv.length * group];
        for (int row = 0; row < kv.length / dim; row++) {
            for (int copy = 0; copy < group; copy++) {
                System.arraycopy(kv, row * dim, wide, (row * group + copy) * dim, dim);
            }
        }
        return wide;
    }

    private static void chunks(CaseContext c, AttentionShape shape, int chunk) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionResult whole = run(c, data, Masking.CAUSAL);
        int length = shape.qLengths()[0];
        for (int from = 0; from < length; from += chunk) {
            int to = Math.min(length, from + chunk);
            AttentionResult part = run(c, data.part(from, to, 0, to), Masking.CAUSAL);
            AttentionProperty.same(c, "chunk at " + from, part, whole, from, to);
        }
    }

    private static void keyOrder(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionData shuffled = data.copy();
        int[] order = c.generator().permutation(shape.kvLengths()[0]);
        for (int i = 0; i < order.length; i++) {
            System.arraycopy(data.k(0), order[i] * 32, shuffled.k(0), i * 32, 32);
            System.arraycopy(data.v(0), order[i] * 32, shuffled.v(0), i * 32, 32);
        }
        AttentionProperty.same(
                c, "shuffled keys:", run(c, data, Masking.BIDIRECTIONAL), run(c, shuffled, Masking.BIDIRECTIONAL));
    }

    // Scores near 10^4 overflow a softmax that does not subtract the maximum; the largest then takes all weight.
    private static void largeScores(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        for (int i = 0; i < data.q(0).length; i++) {
            data.q(0)[i] *= 4096;
        }
        AttentionResult result = run(c, data, Masking.CAUSAL);
        for (float value : result.out()) {
            c.check(Float.isFinite(value), () -> "out holds " + value);
        }
        for (float value : result.lse()) {
            c.check(Float.isFinite(value), () -> "lse holds " + value);
        }
    }

    private static void nanQuery(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionResult clean = run(c, data, Masking.CAUSAL);
        AttentionData broken = data.copy();
        broken.q(0)[(5 * 2 + 1) * 32 + 7] = Float.NaN;
        AttentionResult result = run(c, broken, Masking.CAUSAL);
        c.check(result.isNaN(5, 1), () -> "a NaN in row 5, head 1 of q must make out and lse of that row NaN");
        for (int i = 0; i < 13; i++) {
            for (int h = 0; h < 2; h++) {
                if (i != 5 || h != 1) {
                    c.close(
                            "row " + i + ", head " + h + " beside a NaN query",
                            clean.out(i, i + 1, h),
                            result.out(i, i + 1, h),
                            Tolerances.attention(DType.F32).betweenResults());
                }
            }
        }
    }
}
