package dev.filigree.conformance.cases.mergestates;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.denseattention.DenseAttentionCases;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionProperty;
import dev.filigree.conformance.cases.shared.AttentionResult;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.compare.Tolerance;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Merging of attention states. */
public final class MergeStatesCases {
    private MergeStatesCases() {}

    /** Merges parts of one shape; {@code inPlace} writes over the first part. */
    public static Problem problem(List<AttentionResult> parts, boolean inPlace) {
        AttentionShape shape = parts.getFirst().shape();
        ProblemBuilder builder = new ProblemBuilder("merge");
        Dim numTokens = builder.axis("numTokens", shape.numTokens());
        Dim heads = Dim.fixed("numQoHeads", shape.numQoHeads());
        Dim width = Dim.fixed("headDimVo", shape.headDimVo());
        List<TensorRef> outs = new ArrayList<>();
        List<TensorRef> lses = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            boolean written = inPlace && i == 0;
            float[] out = parts.get(i).out();
            float[] lse = parts.get(i).lse();
            outs.add(
                    written
                            ? builder.state("out", shape.dtype(), out, numTokens, heads, width)
                            : builder.input("out" + i, shape.dtype(), out, numTokens, heads, width));
            lses.add(
                    written
                            ? builder.state("lse", DType.F32, lse, numTokens, heads)
                            : builder.input("lse" + i, DType.F32, lse, numTokens, heads));
        }
        TensorRef out = inPlace ? outs.getFirst() : builder.output("out", shape.dtype(), numTokens, heads, width);
        TensorRef lse = inPlace ? lses.getFirst() : builder.output("lse", DType.F32, numTokens, heads);
        builder.workload(1, shape.numTokens(), shape.numTokens());
        return builder.add(new MergeStates(outs, lses, out, lse)).build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("MergeStates");
        for (DType dtype : RowCases.DTYPES) {
            for (int numParts : new int[] {1, 2, 3, 5}) {
                for (int[] size : new int[][] {{1, 64}, {17, 31}, {33, 128}, {0, 16}}) {
                    AttentionShape shape = AttentionShape.of(size[0], 1)
                            .dims(8, size[1])
                            .heads(3, 1)
                            .dtype(dtype);
                    Params params = Params.of("dtype", dtype, "parts", numParts, "tokens", size[0], "dim", size[1]);
                    Tier tier = numParts == 3 ? Tier.SMOKE : Tier.CORE;
                    Rule rule = size[0] == 0 ? Rule.R101 : Rule.R501;
                    cases.compare(rule, tier, params, g -> problem(parts(g, shape, numParts), false));
                }
            }
            Params params = Params.of("dtype", dtype);
            AttentionShape shape = AttentionShape.of(23, 90).heads(4, 2).dtype(dtype);
            cases.check(Rule.R502, Tier.SMOKE, params, c -> wholeFromParts(c, shape));
            cases.check(Rule.R503, Tier.SMOKE, params, c -> identity(c, shape));
            cases.check(Rule.R504, Tier.SMOKE, params, c -> allEmpty(c, shape));
            cases.check(Rule.R505, Tier.CORE, params, c -> order(c, shape));
            cases.check(Rule.R506, Tier.CORE, params, c -> inPlace(c, shape));
        }
        return cases.cases();
    }

    // Parts of very different weight, some rows of them empty.
    private static List<AttentionResult> parts(Generator g, AttentionShape shape, int numParts) {
        List<AttentionResult> parts = new ArrayList<>();
        int rows = shape.numTokens() * shape.numQoHeads();
        for (int i = 0; i < numParts; i++) {
            float[] out = g.outliers(shape.numTokens(), shape.numQoHeads() * shape.headDimVo(), 8);
            float[] lse = g.normals(rows);
            for (int row = 0; row < rows; row++) {
                lse[row] = 5 * lse[row] + 10;
                if (g.chance(0.15)) {
                    lse[row] = Float.NEGATIVE_INFINITY;
                    Arrays.fill(out, row * shape.headDimVo(), (row + 1) * shape.headDimVo(), 0);
                }
            }
            parts.add(new AttentionResult(shape, out, lse));
        }
        return parts;
    }

    private static AttentionResult merged(CaseContext c, List<AttentionResult> parts, boolean inPlace) {
        return AttentionResult.of(parts.getFirst().shape(), c.run(problem(parts, inPlace)));
    }

    private static void wholeFromParts(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionResult whole =
                AttentionProperty.run(c, data, d -> DenseAttentionCases.problem(d, Masking.BIDIRECTIONAL));
        List<AttentionResult> parts = new ArrayList<>();
        for (int[] range : new int[][] {{0, 1}, {1, 50}, {50, 50}, {50, 90}}) {
            AttentionData part = data.part(0, 23, range[0], range[1]);
            AttentionResult state =
                    AttentionProperty.run(c, part, d -> DenseAttentionCases.problem(d, Masking.BIDIRECTIONAL));
            parts.add(new AttentionResult(shape, state.out(), state.lse()));
        }
        AttentionResult merged = merged(c, parts, false);
        c.close("lse", whole.lse(), merged.lse(), Tolerances.lse().betweenResults());
        double[] allowed = allowed(whole, parts);
        for (int i = 0; i < allowed.length; i++) {
            c.close("merged out at " + i, whole.out()[i], merged.out()[i], allowed[i]);
        }
    }

    // The whole may be off by the tolerance of attention, so may each part, with its weight; then the parts are merged.
    // Parts that cancel are larger than their sum, so the sum's own size says nothing of the error.
    private static double[] allowed(AttentionResult whole, List<AttentionResult> parts) {
        Tolerance attention = Tolerances.attention(whole.shape().dtype());
        double[] allowed = new double[whole.out().length];
        add(allowed, whole, whole, attention);
        add(allowed, whole, whole, Tolerances.merge(whole.shape().dtype()));
        parts.forEach(part -> add(allowed, part, whole, attention));
        return allowed;
    }

    private static void add(double[] allowed, AttentionResult result, AttentionResult whole, Tolerance tolerance) {
        double[] limits = tolerance.limits(result.out());
        for (int i = 0; i < allowed.length; i++) {
            int row = i / result.shape().headDimVo();
            allowed[i] += Math.exp(result.lse()[row] - whole.lse()[row]) * limits[i];
        }
    }

    private static void identity(CaseContext c, AttentionShape shape) {
        AttentionResult part = parts(c.generator(), shape, 1).getFirst();
        AttentionResult empty = empty(shape);
        float[] stored = new float[part.out().length];
        for (int i = 0; i < stored.length; i++) {
            stored[i] = AttentionData.round(part.out()[i], shape.dtype());
        }
        for (List<AttentionResult> list : List.of(List.of(part, empty), List.of(empty, part, empty), List.of(part))) {
            AttentionResult result = merged(c, list, false);
            c.close("out", stored, result.out(), Tolerances.merge(shape.dtype()));
            c.close("lse", part.lse(), result.lse(), Tolerances.lse());
        }
    }

    private static AttentionResult empty(AttentionShape shape) {
        float[] lse = new float[shape.numTokens() * shape.numQoHeads()];
        Arrays.fill(lse, Float.NEGATIVE_INFINITY);
        // What an empty part holds besides its lse must not matter.
        float[] out = new float[lse.length * shape.headDimVo()];
        Arrays.fill(out, 3);
        return new AttentionResult(shape, out, lse);
    }

    private static void allEmpty(CaseContext c, AttentionShape shape) {
        AttentionResult result = merged(c, List.of(empty(shape), empty(shape)), false);
        AttentionProperty.emptyRows(c, result, 0, shape.numTokens());
    }

    private static void order(CaseContext c, AttentionShape shape) {
        List<AttentionResult> parts = parts(c.generator(), shape, 4);
        AttentionResult forward = merged(c, parts, false);
        AttentionResult backward = merged(c, parts.reversed(), false);
        c.close(
                "out",
                forward.out(),
                backward.out(),
                Tolerances.merge(shape.dtype()).betweenResults());
        c.close("lse", forward.lse(), backward.lse(), Tolerances.lse().betweenResults());
    }

    private static void inPlace(CaseContext c, AttentionShape shape) {
        List<AttentionResult> parts = parts(c.generator(), shape, 3);
        AttentionResult apart = merged(c, parts, false);
        AttentionResult inPlace = merged(c, parts, true);
        c.same("out", apart.out(), inPlace.out());
        c.same("lse", apart.lse(), inPlace.lse());
    }
}
