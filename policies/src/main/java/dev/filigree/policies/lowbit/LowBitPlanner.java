package dev.filigree.policies.lowbit;

import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.Optional;

/**
 * The steps of a linear layer over low-bit weights, whatever its activations: quantize, down-projection, product,
 * up-projection. Steps that a backend may fuse lie side by side.
 */
public final class LowBitPlanner {
    private final LinearProblem problem;
    private final LinearStorage storage;
    private final PlanBuilder builder;
    private final Dim tokens;
    private final Dim in;
    private final Dim out;

    /**
     * A planner of one layer.
     *
     * @param problem a layer with a storage
     */
    public LowBitPlanner(LinearProblem problem) {
        this.problem = problem;
        storage = problem.storage().orElseThrow();
        builder = new PlanBuilder("linear." + problem.name());
        tokens = Dim.upTo("numTokens", problem.maxTokens());
        in = Dim.fixed("inFeatures", problem.inFeatures());
        out = Dim.fixed("outFeatures", problem.outFeatures());
    }

    /**
     * The plan.
     *
     * @param scheme what is stored and computed, for summaries
     * @param activation codes of x; absent: x enters the product as it is, smoothed if the weight is
     */
    public LinearPlan plan(String scheme, Optional<QuantFormat> activation) {
        TensorRef x = builder.declare(LinearPlan.X.name(), TensorRole.INPUT, problem.activationDtype(), tokens, in);
        TensorRef y = builder.declare(LinearPlan.Y.name(), TensorRole.OUTPUT, problem.activationDtype(), tokens, out);
        Optional<TensorRef> codes = activation.map(f -> builder.temp("x.codes", f.codes(), tokens, in));
        Optional<TensorRef> scales = activation.map(f -> builder.temp(
                "x.scales", f.scaleDtype(), tokens, Dim.fixed("numGroups", f.groups(problem.inFeatures()))));
        activation.ifPresent(f -> builder.add(new ActivationQuantize(
                f, storage.shift(), x, smooth(), codes.orElseThrow(), scales.orElseThrow(), Optional.empty())));
        Optional<TensorRef> hidden = down(x);
        product(activation, codes.orElse(x), scales, y);
        hidden.ifPresent(h -> builder.add(new LowRankUp(h, weight("low_rank_up", storage.lowRank(), out, rank()), y)));
        return new LinearPlan(scheme, builder.build());
    }

    private Optional<TensorRef> smooth() {
        return storage.smooth().map(dtype -> weight("smooth", dtype, in));
    }

    private Optional<TensorRef> down(TensorRef x) {
        if (storage.rank() == 0) {
            return Optional.empty();
        }
        TensorRef hidden = builder.temp("x.hiddenRank", DType.F32, tokens, rank());
        builder.add(new LowRankDown(x, weight("low_rank_down", storage.lowRank(), rank(), in), hidden));
        return Optional.of(hidden);
    }

    private void product(Optional<QuantFormat> activation, TensorRef x, Optional<TensorRef> xScales, TensorRef y) {
        QuantFormat format = storage.weight();
        Dim groups = Dim.fixed("numGroups", format.groups(problem.inFeatures()));
        builder.add(new LowBitLinear(
                format,
                activation,
                x,
                xScales,
                Optional.empty(),
                weight("qweight", format.codes(), out, in),
                weight("wscales", format.scaleDtype(), out, groups),
                storage.zeros().map(dtype -> weight("wzeros", dtype, out, groups)),
                storage.channelScales().map(dtype -> weight("channel_scales", dtype, out)),
                storage.bias().map(dtype -> weight("bias", dtype, out)),
                y));
    }

    private Dim rank() {
        return Dim.fixed("rank", storage.rank());
    }

    private TensorRef weight(String name, DType dtype, Dim... dims) {
        return builder.declare(name, TensorRole.WEIGHT, dtype, dims);
    }
}
