package dev.filigree.api.linear;

import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import java.util.List;

/**
 * The steps of one linear layer. Tensor {@code x} {@code [numTokens, inFeatures]} comes in and {@code y} {@code
 * [numTokens, outFeatures]} goes out; weights are the plan's tensors of role WEIGHT, named as the loader stores
 * them ({@code weight}, {@code bias}, {@code qweight}, {@code wscales} ...).
 *
 * @param scheme what is stored and computed, for summaries, such as {@code bf16} or {@code w4a4 g64 rank 32}
 * @param plan the steps
 */
public record LinearPlan(String scheme, Plan plan) {

    /** The name of the input. */
    public static final TensorRef X = TensorRef.of("x");

    /** The name of the output. */
    public static final TensorRef Y = TensorRef.of("y");

    /** Checks that input and output exist. */
    public LinearPlan {
        plan.tensors().get(X);
        plan.tensors().get(Y);
    }

    /** The tensors the loader must provide. */
    public List<TensorDecl> weights() {
        return plan.tensors().all().stream()
                .filter(decl -> decl.role() == TensorRole.WEIGHT)
                .toList();
    }

    /** Bytes of all weights as stored. */
    public long weightBytes() {
        return weights().stream().mapToLong(TensorDecl::capacityBytes).sum();
    }
}
