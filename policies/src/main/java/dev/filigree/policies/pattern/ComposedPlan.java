package dev.filigree.policies.pattern;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ConstantTable;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Puts plans for disjoint heads of one problem together. */
public final class ComposedPlan {
    private ComposedPlan() {}

    /**
     * All steps of the parts, in order.
     *
     * @param policy name for the plan
     * @param problem the problem whose heads the parts share
     * @param parts plans of that problem, each for other heads
     * @throws PolicyRefusal if two parts read one cache class in different ways
     */
    public static AttentionPlan of(String policy, AttentionProblem problem, List<AttentionPlan> parts) {
        PlanBuilder builder = new PlanBuilder(PatternPlan.name(policy, problem));
        Map<Integer, KvAccess> access = new TreeMap<>();
        Map<Integer, String> patterns = new TreeMap<>();
        List<ConstantTable> constants = new ArrayList<>();
        for (AttentionPlan part : parts) {
            builder.inline(part.plan());
            patterns.putAll(part.patterns());
            constants.addAll(part.constants());
            part.access().forEach((kvClass, reads) -> {
                KvAccess other = access.putIfAbsent(kvClass, reads);
                if (other != null && other != reads) {
                    throw new PolicyRefusal(
                            policy,
                            "cache class " + problem.kv().classes().get(kvClass).name() + " must be read in one way, "
                                    + "not " + other + " and " + reads,
                            "kvCache.policy");
                }
            });
        }
        return new AttentionPlan(policy, builder.build(), access, patterns, constants);
    }
}
