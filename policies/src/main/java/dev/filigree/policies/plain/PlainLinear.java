package dev.filigree.policies.plain;

import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.op.Linear;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.tensor.DType;
import java.util.EnumSet;
import java.util.Optional;

/** {@code y = x W^T + b} with weights as stored: tensors {@code weight} and, if the layer has one, {@code bias}. */
public final class PlainLinear implements QuantizedLinear {
    /** The name in configs. */
    public static final String NAME = "plain";

    private static final EnumSet<DType> STORED = EnumSet.of(DType.F32, DType.F16, DType.BF16);

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LinearPlan plan(LinearProblem problem) {
        if (problem.storage().isPresent()) {
            throw new PolicyRefusal(
                    NAME,
                    "weight of " + problem.name() + " must be stored as one of " + STORED + ", not as "
                            + problem.storage().get().weight(),
                    "linear.policy");
        }
        if (!STORED.contains(problem.weightDtype())) {
            throw new PolicyRefusal(
                    NAME,
                    "weight of " + problem.name() + " must be stored as one of " + STORED + ", not "
                            + problem.weightDtype(),
                    "linear.policy");
        }
        PlanBuilder builder = new PlanBuilder("linear." + problem.name());
        Dim tokens = Dim.upTo("numTokens", problem.maxTokens());
        Dim in = Dim.fixed("inFeatures", problem.inFeatures());
        Dim out = Dim.fixed("outFeatures", problem.outFeatures());
        TensorRef x = builder.declare(LinearPlan.X.name(), TensorRole.INPUT, problem.activationDtype(), tokens, in);
        TensorRef weight = builder.declare("weight", TensorRole.WEIGHT, problem.weightDtype(), out, in);
        Optional<TensorRef> bias = problem.hasBias()
                ? Optional.of(builder.declare("bias", TensorRole.WEIGHT, problem.weightDtype(), out))
                : Optional.empty();
        TensorRef y = builder.declare(LinearPlan.Y.name(), TensorRole.OUTPUT, problem.activationDtype(), tokens, out);
        builder.add(new Linear(x, weight, bias, y));
        return new LinearPlan(problem.weightDtype().id(), builder.build());
    }
}
