package dev.filigree.conformance.cases.backend;

import dev.filigree.api.op.Add;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.UnsupportedCase;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What holds for plans whatever their ops. */
public final class PlanCases {
    private static final int CAPACITY = 40;

    private PlanCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Plan");
        cases.check(Rule.R106, Tier.SMOKE, Params.of(), PlanCases::repeats);
        cases.check(Rule.R111, Tier.SMOKE, Params.of("offset", 512), c -> offsets(c, 512));
        cases.check(Rule.R111, Tier.SMOKE, Params.of("offset", 16), c -> offsets(c, 16));
        cases.check(Rule.R107, Tier.SMOKE, Params.of(), PlanCases::extents);
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
            cases.check(Rule.R110, Tier.SMOKE, Params.of("dtype", dtype), c -> steps(c, dtype));
        }
        return cases.cases();
    }

    /** The first problem of every op that the backend runs. */
    static Map<String, Problem> oneOfEachOp(CaseContext c) {
        Map<String, Problem> problems = new LinkedHashMap<>();
        for (ConformanceCase one : Catalog.all()) {
            if (!problems.containsKey(one.op()) && one.rule() != Rule.R101) {
                one.problem()
                        .filter(problem -> c.backend().refusals(problem.plan()).isEmpty())
                        .ifPresent(problem -> problems.put(one.op(), problem));
            }
        }
        if (problems.isEmpty()) {
            throw new UnsupportedCase("the backend runs no op of the kit");
        }
        return problems;
    }

    private static void repeats(CaseContext c) {
        oneOfEachOp(c).forEach((op, problem) -> {
            List<Outputs> runs = c.subject().run(problem.plan(), List.of(problem, problem, problem));
            Outputs again = c.run(problem);
            for (TensorRef ref : again.data().keySet()) {
                runs.forEach(run -> c.same(op + ", run again", run.get(ref), again.get(ref)));
            }
        });
    }

    private static void offsets(CaseContext c, long offsetBytes) {
        oneOfEachOp(c).forEach((op, problem) -> {
            Outputs shifted = c.subject().runAt(problem, offsetBytes);
            Outputs plain = c.run(problem);
            for (TensorRef ref : plain.data().keySet()) {
                c.same(op + " with tensors inside of buffers", plain.get(ref), shifted.get(ref));
            }
        });
    }

    private static Problem linear(float[] x, float[] weight, int numTokens) {
        ProblemBuilder builder = new ProblemBuilder("extents");
        Dim tokens = builder.axis("numTokens", numTokens, CAPACITY);
        Dim width = Dim.fixed("width", 48);
        TensorRef in = builder.input("x", DType.F32, Arrays.copyOf(x, numTokens * 48), tokens, width);
        TensorRef w = builder.weight("weight", DType.F32, weight, width, width);
        TensorRef hidden = builder.temp("hidden", DType.F32, tokens, width);
        TensorRef y = builder.output("y", DType.F32, tokens, width);
        return builder.add(new Linear(in, w, Optional.empty(), hidden))
                .add(new Add(hidden, in, y))
                .build();
    }

    // One prepared plan, extents up and down between runs: each must give what a plan prepared for it gives.
    private static void extents(CaseContext c) {
        float[] x = c.generator().normals(CAPACITY * 48);
        float[] weight = c.generator().normals(48 * 48);
        List<Problem> problems = new ArrayList<>();
        for (int numTokens : new int[] {5, CAPACITY, 1, 0, 33, 5}) {
            problems.add(linear(x, weight, numTokens));
        }
        c.requireSupport(problems.getFirst());
        List<Outputs> runs = c.subject().run(problems.getFirst().plan(), problems);
        for (int i = 0; i < runs.size(); i++) {
            float[] alone = c.run(problems.get(i)).values("y");
            c.same(
                    "run " + i + " of a prepared plan, over " + alone.length / 48 + " tokens",
                    alone,
                    runs.get(i).values("y"));
        }
    }

    // Steps that hand temporaries on must give what each step alone gives, fused or not.
    private static void steps(CaseContext c, DType dtype) {
        int numTokens = 19;
        float[] x = c.generator().normals(numTokens * 64);
        float[] norm = c.generator().normals(64);
        float[] gateWeight = c.generator().normals(96 * 64);
        float[] upWeight = c.generator().normals(96 * 64);
        float[] downWeight = c.generator().normals(64 * 96);
        Outputs fused = c.run(mlp(dtype, numTokens, x, norm, gateWeight, upWeight, downWeight));
        Problem first = step(
                dtype,
                numTokens,
                (b, t) -> new RmsNorm(
                        1e-5f,
                        rows(b, "x", dtype, x, t, 64),
                        weight(b, "norm", dtype, norm, 64),
                        out(b, dtype, t, 64)));
        float[] normed = c.run(first).values("out");
        float[] gate = c.run(step(dtype, numTokens, (b, t) -> product(b, dtype, normed, gateWeight, t, 64, 96)))
                .values("out");
        float[] up = c.run(step(dtype, numTokens, (b, t) -> product(b, dtype, normed, upWeight, t, 64, 96)))
                .values("out");
        float[] gated = c.run(step(
                        dtype,
                        numTokens,
                        (b, t) -> new SwiGlu(
                                rows(b, "gate", dtype, gate, t, 96),
                                rows(b, "up", dtype, up, t, 96),
                                out(b, dtype, t, 96))))
                .values("out");
        float[] down = c.run(step(dtype, numTokens, (b, t) -> product(b, dtype, gated, downWeight, t, 96, 64)))
                .values("out");
        float[] sum = c.run(step(
                        dtype,
                        numTokens,
                        (b, t) -> new Add(
                                rows(b, "x", dtype, x, t, 64),
                                rows(b, "down", dtype, down, t, 64),
                                out(b, dtype, t, 64))))
                .values("out");
        TensorData result = fused.get("out");
        c.close("fused steps", sum, result.values(), Tolerances.linear(dtype).betweenResults());
    }

    private interface Step {
        Op make(ProblemBuilder builder, Dim numTokens);
    }

    private static Problem step(DType dtype, int numTokens, Step step) {
        ProblemBuilder builder = new ProblemBuilder("step in " + dtype);
        return builder.add(step.make(builder, builder.axis("numTokens", numTokens)))
                .build();
    }

    private static Linear product(
            ProblemBuilder b, DType dtype, float[] x, float[] weight, Dim numTokens, int in, int out) {
        TensorRef w = b.weight("weight", dtype, weight, Dim.fixed("outFeatures", out), Dim.fixed("inFeatures", in));
        return new Linear(rows(b, "x", dtype, x, numTokens, in), w, Optional.empty(), out(b, dtype, numTokens, out));
    }

    private static TensorRef rows(
            ProblemBuilder b, String name, DType dtype, float[] values, Dim numTokens, int width) {
        return b.input(name, dtype, values, numTokens, Dim.fixed("width", width));
    }

    private static TensorRef weight(ProblemBuilder b, String name, DType dtype, float[] values, int width) {
        return b.weight(name, dtype, values, Dim.fixed("width", width));
    }

    private static TensorRef out(ProblemBuilder b, DType dtype, Dim numTokens, int width) {
        return b.output("out", dtype, numTokens, Dim.fixed("width", width));
    }

    private static Problem mlp(
            DType dtype,
            int numTokens,
            float[] x,
            float[] norm,
            float[] gateWeight,
            float[] upWeight,
            float[] downWeight) {
        ProblemBuilder b = new ProblemBuilder("mlp");
        Dim t = b.axis("numTokens", numTokens);
        Dim hidden = Dim.fixed("hidden", 64);
        Dim inner = Dim.fixed("inner", 96);
        TensorRef in = b.input("x", dtype, x, t, hidden);
        TensorRef normed = b.temp("normed", dtype, t, hidden);
        TensorRef gate = b.temp("gate", dtype, t, inner);
        TensorRef up = b.temp("up", dtype, t, inner);
        TensorRef gated = b.temp("gated", dtype, t, inner);
        TensorRef down = b.temp("down", dtype, t, hidden);
        TensorRef out = b.output("out", dtype, t, hidden);
        return b.add(new RmsNorm(1e-5f, in, b.weight("norm", dtype, norm, hidden), normed))
                .add(new Linear(
                        normed, b.weight("gateWeight", dtype, gateWeight, inner, hidden), Optional.empty(), gate))
                .add(new Linear(normed, b.weight("upWeight", dtype, upWeight, inner, hidden), Optional.empty(), up))
                .add(new SwiGlu(gate, up, gated))
                .add(new Linear(
                        gated, b.weight("downWeight", dtype, downWeight, hidden, inner), Optional.empty(), down))
                .add(new Add(in, down, out))
                .build();
    }
}
