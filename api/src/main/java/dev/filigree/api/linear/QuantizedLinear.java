package dev.filigree.api.linear;

import dev.filigree.api.policy.PolicyRefusal;

/**
 * Decides how a linear layer is stored and computed. Storage type and compute type are separate: the plan says
 * what is stored, each backend says what it computes in. Policies are pure and their instances immutable and
 * thread-safe.
 */
public interface QuantizedLinear {

    /** The name used in configs and logs. */
    String name();

    /**
     * Plans one layer.
     *
     * @param problem the layer
     * @return steps from {@code x} to {@code y}
     * @throws PolicyRefusal with one sentence if this policy cannot serve the layer
     */
    LinearPlan plan(LinearProblem problem);
}
