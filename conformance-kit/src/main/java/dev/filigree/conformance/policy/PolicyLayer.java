package dev.filigree.conformance.policy;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.Subject;
import dev.filigree.conformance.problem.TensorData;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One layer of a policy over a cache of its own. State between steps is carried along as bytes. Not thread-safe. */
final class PolicyLayer {
    static final int NUM_LAYERS = 2;
    static final int NUM_QO_HEADS = 4;
    static final int NUM_KV_HEADS = 2;
    static final int HEAD_DIM = 16;
    /** The model that policies are certified on. */
    static final ModelGeometry GEOMETRY = ModelGeometry.of(NUM_LAYERS, NUM_QO_HEADS, NUM_KV_HEADS, HEAD_DIM);

    private final AttentionPolicy policy;
    private final KvCachePlan kv;
    private final int layer;
    private final StepCapacity capacity;
    private final Map<Phase, PlannedLayer> planned = new EnumMap<>(Phase.class);
    private final Map<String, TensorData> state = new LinkedHashMap<>();
    private final int[] lengths;

    /** A layer for some sequences of some length, with a cache for these needs. */
    PolicyLayer(AttentionPolicy policy, KvNeeds needs, int layer, int numSeqs, int maxTokens) {
        this.policy = policy;
        this.layer = layer;
        kv = ExactCache.of(GEOMETRY, needs, numSeqs, maxTokens);
        long all = (long) numSeqs * maxTokens;
        capacity = new StepCapacity(all, numSeqs, numSeqs, maxTokens, all);
        lengths = new int[numSeqs];
    }

    /** A layer whose cache keeps exactly what the policy needs. */
    static PolicyLayer of(AttentionPolicy policy, int layer, int numSeqs, int maxTokens) {
        return new PolicyLayer(policy, policy.kvNeeds(GEOMETRY), layer, numSeqs, maxTokens);
    }

    /** The problem that the policy is asked in a phase. */
    AttentionProblem problem(Phase phase) {
        return AttentionProblem.of(phase, layer, kv, DType.F32, capacity);
    }

    PlannedLayer planned(Phase phase) {
        return planned.computeIfAbsent(phase, p -> PlannedLayer.of(problem(p), policy));
    }

    /** Runs a step on the backend under judgement. */
    List<LayerRows> step(CaseContext context, Phase phase, List<Tokens> fresh) {
        context.requireSupport(problem(phase, fresh));
        return step(context.subject(), phase, fresh);
    }

    /** Runs a step: the next tokens of every sequence, in prefill any number of each, in decode one. */
    List<LayerRows> step(Subject subject, Phase phase, List<Tokens> fresh) {
        Problem problem = problem(phase, fresh);
        Outputs outputs = subject.run(problem);
        outputs.data().forEach((ref, data) -> {
            if (state.containsKey(ref.name())) {
                state.put(ref.name(), data);
            }
        });
        if (phase == Phase.PREFILL) {
            // The host clears a sequence's row after each prefill.
            state.forEach((name, data) -> {
                if (!name.endsWith(".pages")) {
                    data.bytes().fill((byte) 0);
                }
            });
        }
        LayerRows all = new LayerRows(outputs.values("attn"), outputs.values("attn.lse"));
        List<LayerRows> parts = new java.util.ArrayList<>();
        int at = 0;
        for (int s = 0; s < lengths.length; s++) {
            parts.add(all.part(at, at + fresh.get(s).length()));
            at += fresh.get(s).length();
            lengths[s] += fresh.get(s).length();
        }
        return parts;
    }

    private Problem problem(Phase phase, List<Tokens> fresh) {
        PlannedLayer layerPlan = planned(phase);
        Plan plan = layerPlan.plan();
        int[] now = fresh.stream().mapToInt(Tokens::length).toArray();
        StepArrays arrays = new StepArrays(kv, lengths, now, fresh);
        Map<String, Long> axes = new LinkedHashMap<>();
        plan.variableAxes().forEach(axis -> axes.put(axis, arrays.axis(axis)));
        Map<TensorRef, TensorData> data = new LinkedHashMap<>();
        for (TensorDecl decl : plan.tensors().all()) {
            if (decl.role() == TensorRole.TEMP) {
                continue;
            }
            TensorData zeros = TensorData.zeros(decl, arrays::axis);
            switch (decl.role()) {
                case STATE ->
                    data.put(decl.ref(), state.computeIfAbsent(decl.ref().name(), n -> zeros));
                case WEIGHT -> data.put(decl.ref(), constant(layerPlan, zeros));
                default -> data.put(decl.ref(), arrays.fill(zeros));
            }
        }
        return new Problem(plan, axes, data, Set.of(), new Workload(1, 1, 1, 1));
    }

    private static TensorData constant(PlannedLayer planned, TensorData zeros) {
        float[] values = new float[zeros.numElements()];
        planned.attention().constants().stream()
                .filter(table -> table.decl().ref().equals(zeros.decl().ref()))
                .findFirst()
                .ifPresent(table -> {
                    for (int i = 0; i < values.length; i++) {
                        values[i] = table.values().get(i);
                    }
                });
        return zeros.fill(values);
    }
}
