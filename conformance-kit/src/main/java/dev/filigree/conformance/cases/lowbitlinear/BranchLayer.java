package dev.filigree.conformance.cases.lowbitlinear;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LoraApply;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.shared.QuantMatrix;
import dev.filigree.conformance.compare.Tolerance;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A whole layer with a low-rank branch, as one plan and cut between the steps that backends fuse. */
final class BranchLayer {
    private static final int OUT = 67;

    private final DType dtype;
    private final int in;
    private final int tokens;
    private final int rank;
    private final float shift;
    private final float[] x;
    private final float[] smooth;
    private final float[] down;
    private final float[] up;
    private final float[] bias;
    private final QuantMatrix weight;
    private final QuantFormat activation;

    /** A layer of that dtype; 16-bit rows end on 16 bytes, and their last group is a half. */
    BranchLayer(Generator g, DType dtype, int tokens, int rank, boolean shifted) {
        this.dtype = dtype;
        in = dtype == DType.F32 ? 130 : 160;
        this.tokens = tokens;
        this.rank = rank;
        this.shift = shifted ? 0.171875f : 0;
        activation = shifted ? new QuantFormat(DType.U4, 64, DType.F16) : QuantFormat.INT4_G64;
        x = g.normals(tokens * in);
        for (int i = 0; shifted && i < x.length; i++) {
            x[i] = Math.max(-shift, x[i]);
        }
        smooth = g.normals(in);
        for (int i = 0; i < in; i++) {
            smooth[i] = 0.5f + Math.abs(smooth[i]);
        }
        down = g.normals(rank * in);
        up = g.normals(OUT * rank);
        bias = g.normals(OUT);
        weight = QuantMatrix.random(g, QuantFormat.INT4_G64, OUT, in);
    }

    private Dim in() {
        return Dim.fixed("inFeatures", in);
    }

    private static Dim out() {
        return Dim.fixed("outFeatures", OUT);
    }

    /** A plan under construction, its input and its output. */
    private record Steps(ProblemBuilder builder, TensorRef x, TensorRef y) {}

    /** The layer as a policy plans it, with GELU in place; or without what follows the product. */
    private Problem layer(boolean whole) {
        Steps steps = steps(whole ? "whole layer" : "product alone", whole);
        if (whole) {
            steps.builder.add(new Gelu(Gelu.Form.TANH, steps.y, steps.y));
        }
        return steps.builder.build();
    }

    private Steps steps(String name, boolean whole) {
        ProblemBuilder b = new ProblemBuilder(name);
        Dim t = b.axis("numTokens", tokens);
        Dim ranks = Dim.fixed("rank", rank);
        TensorRef xRef = b.input("x", dtype, x, t, in());
        TensorRef codes = b.temp("codes", activation.codes(), t, in());
        TensorRef scales = b.temp("scales", activation.scaleDtype(), t, Dim.fixed("numGroups", activation.groups(in)));
        TensorRef y = b.output("y", dtype, t, out());
        TensorRef smoothRef = b.weight("smooth", DType.F32, smooth, in());
        b.workload(1, tokens, 1);
        b.add(new ActivationQuantize(activation, shift, xRef, Optional.of(smoothRef), codes, scales, Optional.empty()));
        TensorRef hidden = b.temp("hidden", DType.F32, t, ranks);
        if (whole) {
            b.add(new LowRankDown(xRef, b.weight("down", dtype, down, ranks, in()), hidden));
        }
        b.add(new LowBitLinear(
                weight.format(),
                Optional.of(activation),
                codes,
                Optional.of(scales),
                Optional.empty(),
                weight.declareCodes(b, "weight", out()),
                weight.declareScales(b, "wScales", out()),
                Optional.empty(),
                Optional.empty(),
                Optional.of(b.weight("bias", DType.F32, bias, out())),
                y));
        if (whole) {
            b.add(new LowRankUp(hidden, b.weight("up", dtype, up, out(), ranks), y));
        }
        return new Steps(b, xRef, y);
    }

    private Problem hidden() {
        ProblemBuilder b = new ProblemBuilder("down alone");
        Dim t = b.axis("numTokens", tokens);
        Dim ranks = Dim.fixed("rank", rank);
        return b.workload(1, tokens, 1)
                .add(new LowRankDown(
                        b.input("x", dtype, x, t, in()),
                        b.weight("down", dtype, down, ranks, in()),
                        b.output("hidden", DType.F32, t, ranks)))
                .build();
    }

    private Problem added(float[] hidden, float[] product) {
        ProblemBuilder b = new ProblemBuilder("up alone");
        Dim t = b.axis("numTokens", tokens);
        Dim ranks = Dim.fixed("rank", rank);
        return b.workload(1, tokens, 1)
                .add(new LowRankUp(
                        b.input("hidden", DType.F32, hidden, t, ranks),
                        b.weight("up", dtype, up, out(), ranks),
                        b.state("y", dtype, product, t, out())))
                .build();
    }

    private Problem activated(float[] y) {
        ProblemBuilder b = new ProblemBuilder("gelu alone");
        Dim t = b.axis("numTokens", tokens);
        return b.workload(1, tokens, 1)
                .add(new Gelu(Gelu.Form.TANH, b.input("x", dtype, y, t, out()), b.output("out", dtype, t, out())))
                .build();
    }

    /** The layer over one of its rows. */
    private BranchLayer row(int row) {
        return new BranchLayer(this, Arrays.copyOfRange(x, row * in, (row + 1) * in));
    }

    private BranchLayer(BranchLayer of, float[] x) {
        this.dtype = of.dtype;
        this.in = of.in;
        this.tokens = x.length / of.in;
        this.rank = of.rank;
        this.shift = of.shift;
        this.x = x;
        this.smooth = of.smooth;
        this.down = of.down;
        this.up = of.up;
        this.bias = of.bias;
        this.weight = of.weight;
        this.activation = of.activation;
    }

    /** A row alone, which kernels for few tokens compute, is that row of a batch; codes depend on their own row alone. */
    void checkRows(CaseContext c) {
        float[] whole = c.run(layer(true)).values("y");
        for (int row : new int[] {0, tokens / 2, tokens - 1}) {
            float[] alone = c.run(row(row).layer(true)).values("y");
            c.close(
                    "row " + row + " alone",
                    alone,
                    Arrays.copyOfRange(whole, row * OUT, (row + 1) * OUT),
                    Tolerances.linear(dtype).betweenResults());
        }
    }

    /** A NaN makes its group's scale NaN, and so reaches every output of its row. */
    void checkNaN(CaseContext c) {
        float[] expected = c.run(layer(true)).values("y");
        float[] broken = x.clone();
        int row = tokens / 2;
        broken[row * in + in / 2] = Float.NaN;
        Arrays.fill(expected, row * OUT, (row + 1) * OUT, Float.NaN);
        float[] actual = c.run(new BranchLayer(this, broken).layer(true)).values("y");
        c.close(
                "y with a NaN in row " + row,
                expected,
                actual,
                Tolerances.linear(DType.F32).betweenResults());
    }

    /** Adapters of these ranks add their products to what the layer gives with its branch. */
    void checkAdapters(CaseContext c, int... ranks) {
        Steps steps = steps("layer with adapters", true);
        List<TensorRef> downs = new ArrayList<>();
        List<TensorRef> ups = new ArrayList<>();
        float[] strengths = new float[ranks.length];
        double[] sum = new double[tokens * OUT];
        for (int a = 0; a < ranks.length; a++) {
            float[] first = c.generator().normals(ranks[a] * in);
            float[] second = c.generator().normals(OUT * ranks[a]);
            Dim width = Dim.fixed("rank" + a, ranks[a]);
            downs.add(steps.builder.weight("down" + a, DType.F32, first, width, in()));
            ups.add(steps.builder.weight("up" + a, DType.F32, second, out(), width));
            strengths[a] = a % 2 == 0 ? 0.75f : -0.5f;
            addProduct(sum, first, second, ranks[a], strengths[a]);
        }
        TensorRef strengthsRef =
                steps.builder.input("strengths", DType.F32, strengths, Dim.fixed("numAdapters", ranks.length));
        steps.builder.add(new LoraApply(steps.x, downs, ups, strengthsRef, steps.y));
        float[] base =
                c.run(steps("layer without adapters", true).builder.build()).values("y");
        float[] expected = new float[sum.length];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = (float) (base[i] + sum[i]);
        }
        Tolerance tolerance = Tolerances.linear(DType.F32).betweenResults();
        c.close("y with adapters", expected, c.run(steps.builder.build()).values("y"), tolerance);
    }

    private void addProduct(double[] sum, float[] first, float[] second, int adapterRank, double strength) {
        for (int row = 0; row < tokens; row++) {
            for (int r = 0; r < adapterRank; r++) {
                double hidden = 0;
                for (int k = 0; k < in; k++) {
                    hidden += (double) x[row * in + k] * first[r * in + k];
                }
                for (int n = 0; n < OUT; n++) {
                    sum[row * OUT + n] += strength * hidden * second[n * adapterRank + r];
                }
            }
        }
    }

    /**
     * Codes are equal in both, so only the order of fp32 sums may differ; GELU grows errors by at most 1.13. Where y has 16 bits
     * the steps round it three times, half a unit in the last place each, and the whole layer once: these are two results.
     */
    void check(CaseContext c) {
        float[] hidden = c.run(hidden()).values("hidden");
        float[] product = c.run(layer(false)).values("y");
        float[] sum = c.run(added(hidden, product)).values("y");
        float[] expected = c.run(activated(sum)).values("out");
        Tolerance tolerance = dtype == DType.F32
                ? Tolerances.linear(dtype)
                : Tolerances.linear(dtype).betweenResults();
        c.close("y of the whole layer", expected, c.run(layer(true)).values("y"), tolerance);
    }
}
