package dev.filigree.conformance.policy;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Tensors;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a policy planned, between the cache steps that it asks for: classes read from pages are appended to before, gathered ones
 * after. Queries, keys and values come in, outputs and lse go out.
 *
 * @param attention the policy's part
 * @param plan all steps
 */
record PlannedLayer(AttentionPlan attention, Plan plan) {
    private static final Set<String> IN = Set.of("q", "k", "v");
    private static final Set<String> OUT = Set.of("attn", "attn.lse");

    static PlannedLayer of(AttentionProblem problem, AttentionPolicy policy) {
        AttentionPlan attention = policy.plan(problem);
        PlanBuilder builder = new PlanBuilder(policy.name() + "." + problem.phase());
        AttentionTensors t = new AttentionTensors(problem, builder);
        t.q();
        t.k();
        t.v();
        t.out();
        t.lse();
        classes(attention, KvAccess.PAGES).forEach(c -> builder.add(append(t, c)));
        classes(attention, KvAccess.GATHERED).forEach(c -> builder.add(gather(problem, t, c)));
        builder.inline(attention.plan());
        classes(attention, KvAccess.GATHERED).forEach(c -> builder.add(append(t, c)));
        Plan steps = builder.build();
        var decls = steps.tensors().all().stream()
                .map(decl -> {
                    String name = decl.ref().name();
                    return IN.contains(name)
                            ? decl.as(decl.ref(), TensorRole.INPUT)
                            : OUT.contains(name) ? decl.as(decl.ref(), TensorRole.OUTPUT) : decl;
                })
                .toList();
        return new PlannedLayer(attention, new Plan(steps.name(), new Tensors(decls), steps.ops()));
    }

    private static List<Integer> classes(AttentionPlan attention, KvAccess wanted) {
        return attention.access().entrySet().stream()
                .filter(entry -> entry.getValue() == wanted)
                .map(Map.Entry::getKey)
                .toList();
    }

    private static KvAppend append(AttentionTensors t, int kvClass) {
        return new KvAppend(
                t.classHeads(kvClass), t.pages(kvClass), Optional.empty(), t.k(), t.v(), t.qOffsets(), t.positions());
    }

    private static KvDequantize gather(AttentionProblem problem, AttentionTensors t, int kvClass) {
        return new KvDequantize(
                t.classHeads(kvClass),
                t.pages(kvClass),
                problem.kv().classes().get(kvClass).retention(),
                true,
                t.k(),
                t.v(),
                t.qOffsets(),
                t.pastLengths(),
                t.kvOffsets(kvClass),
                t.gatheredK(kvClass),
                t.gatheredV(kvClass),
                t.kvPositions(kvClass));
    }
}
