package dev.filigree.host.decoder;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.Workload;

/**
 * The share of reachable query/key pairs that a plan's attention computes, all layers and heads together: 1 for dense
 * attention. Data-dependent selections count at the density that their policy expects.
 */
public final class AttentionDensity {
    private AttentionDensity() {}

    /**
     * The density of one sequence's step.
     *
     * @param plan the step
     * @param planner what made it
     * @param phase of the plan
     * @param numTokens query tokens
     * @param contextTokens tokens the sequence ends with
     */
    public static double of(DecoderPlan plan, DecoderPlanner planner, Phase phase, long numTokens, long contextTokens) {
        double computed = 0;
        for (int layer = 0; layer < plan.layers().size(); layer++) {
            double expected = planner.attention().expectedDensity(phase, layer, contextTokens);
            computed += flops(plan.layers().get(layer), new Workload(1, numTokens, contextTokens, expected));
        }
        int headDim = planner.model().config().headDim();
        double dense = 4.0
                * new Workload(1, numTokens, contextTokens, 1).causalPairs()
                * headDim
                * planner.model().config().numQoHeads()
                * plan.layers().size();
        return dense == 0 ? 1 : computed / dense;
    }

    /** FLOPs of the attention ops of a plan, selection not included. */
    public static double flops(AttentionPlan attention, Workload load) {
        Plan plan = attention.plan();
        return plan.ops().stream()
                .filter(AttentionDensity::isAttention)
                .mapToDouble(op -> op.cost(plan.tensors(), load).flops())
                .sum();
    }

    private static boolean isAttention(Op op) {
        return op instanceof DenseAttention
                || op instanceof StreamingAttention
                || op instanceof BlockSparseAttention
                || op instanceof PagedAttention;
    }
}
