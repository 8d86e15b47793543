package dev.filigree.conformance.rates;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.Map;
import java.util.Optional;

/** Linear layers of one shape in each storage. */
final class LinearRates {
    private final TimedPlan timed;

    LinearRates(TimedPlan timed) {
        this.timed = timed;
    }

    /** {@code y = x W^T} with 16-bit weights; seconds. */
    double bf16(int tokens, int in, int out) {
        PlanBuilder b = new PlanBuilder("rates.linear");
        TensorRef weight = b.declare("weight", TensorRole.WEIGHT, DType.BF16, dim("out", out), dim("in", in));
        b.add(new Linear(x(b, DType.BF16, tokens, in), weight, Optional.empty(), y(b, tokens, out)));
        return timed.seconds(b.build(), Map.of());
    }

    /** 4-bit weights in groups of 64, 16-bit activations; seconds. */
    double w4a16(int tokens, int in, int out) {
        PlanBuilder b = new PlanBuilder("rates.w4a16");
        TensorRef weight = b.declare("weight", TensorRole.WEIGHT, DType.I4, dim("out", out), dim("in", in));
        TensorRef scales = b.declare("scales", TensorRole.WEIGHT, DType.F16, dim("out", out), dim("groups", in / 64));
        b.add(new LowBitLinear(
                QuantFormat.INT4_G64,
                Optional.empty(),
                x(b, DType.BF16, tokens, in),
                Optional.empty(),
                Optional.empty(),
                weight,
                scales,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                y(b, tokens, out)));
        return timed.seconds(b.build(), Map.of());
    }

    /** 8-bit weights and activations, a scale per row of each; seconds. */
    double w8a8(int tokens, int in, int out) {
        PlanBuilder b = new PlanBuilder("rates.w8a8");
        TensorRef weight = b.declare("weight", TensorRole.WEIGHT, DType.I8, dim("out", out), dim("in", in));
        TensorRef scales = b.declare("scales", TensorRole.WEIGHT, DType.F32, dim("out", out), dim("groups", 1));
        TensorRef xScales =
                b.declare("xScales", TensorRole.INPUT, DType.F32, dim("numTokens", tokens), dim("groups", 1));
        b.add(new LowBitLinear(
                QuantFormat.INT8_ROW,
                Optional.of(QuantFormat.INT8_ROW),
                x(b, DType.I8, tokens, in),
                Optional.of(xScales),
                Optional.empty(),
                weight,
                scales,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                y(b, tokens, out)));
        return timed.seconds(b.build(), Map.of());
    }

    private static Dim dim(String name, int size) {
        return Dim.fixed(name, size);
    }

    private static TensorRef x(PlanBuilder b, DType dtype, int tokens, int in) {
        return b.declare("x", TensorRole.INPUT, dtype, dim("numTokens", tokens), dim("in", in));
    }

    private static TensorRef y(PlanBuilder b, int tokens, int out) {
        return b.declare("y", TensorRole.OUTPUT, DType.BF16, dim("numTokens", tokens), dim("out", out));
    }
}
