package dev.filigree.conformance.problem;

import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Workload;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * A plan with everything one run needs. Runs never change it.
 *
 * @param plan the steps
 * @param axes extents of the variable axes
 * @param data the bytes of every bound tensor before the run
 * @param compared outputs and states that are held against the reference
 * @param workload the extents under which the plan is priced
 */
public record Problem(
        Plan plan,
        Map<String, Long> axes,
        Map<TensorRef, TensorData> data,
        Set<TensorRef> compared,
        Workload workload) {

    /** Copies the tables. */
    public Problem {
        axes = Map.copyOf(axes);
        data = new LinkedHashMap<>(data);
        compared = new LinkedHashSet<>(compared);
    }

    /** The bytes of a tensor before the run. */
    public TensorData data(TensorRef ref) {
        TensorData found = data.get(ref);
        if (found == null) {
            throw new IllegalArgumentException("problem " + plan.name() + " has no tensor " + ref);
        }
        return found;
    }

    /** What the run costs on paper. */
    public Cost cost() {
        return plan.cost(workload);
    }

    /** The last step that writes a tensor. */
    public Op writer(TensorRef ref) {
        return plan.ops().reversed().stream()
                .filter(op -> op.outputs().contains(ref))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no step of " + plan.name() + " writes " + ref));
    }
}
