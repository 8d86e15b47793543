package dev.filigree.api.attention;

import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What each head of a layer computes, as steps over the tensors of {@link AttentionTensors}.
 *
 * @param policy name of the policy that made the plan
 * @param plan the steps; they read {@code q} and what {@code access} asks for, and write {@code attn} and {@code
 *     attn.lse}
 * @param access per KV class that is read, how
 * @param patterns per served KV head, what it computes, in words for people
 * @param constants tables the host uploads once
 */
public record AttentionPlan(
        String policy,
        Plan plan,
        Map<Integer, KvAccess> access,
        Map<Integer, String> patterns,
        List<ConstantTable> constants) {

    /** Copies the tables in ascending order. */
    public AttentionPlan {
        access = java.util.Collections.unmodifiableMap(new TreeMap<>(access));
        patterns = java.util.Collections.unmodifiableMap(new TreeMap<>(patterns));
        constants = List.copyOf(constants);
    }

    /**
     * State the policy keeps per sequence between steps: tensors of role STATE other than pages, first axis
     * {@code numSlots}. The host allocates them zero-filled and clears a sequence's row when it starts and
     * after each prefill.
     */
    public List<TensorDecl> policyState() {
        return plan.tensors().all().stream()
                .filter(decl -> decl.role() == TensorRole.STATE)
                .filter(decl -> !decl.ref().name().endsWith(".pages"))
                .toList();
    }
}
