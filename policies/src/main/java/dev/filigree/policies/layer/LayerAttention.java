package dev.filigree.policies.layer;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.Rope;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.pattern.KvReads;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One layer's attention in one phase: RoPE, cache steps and the fragment that the attention policy planned.
 *
 * <p>The steps, over the tensors of {@link AttentionTensors}:
 *
 * <ol>
 *   <li>Rope of {@code q}, in place; of {@code k} too unless every class is read from pages.
 *   <li>KvAppend of the classes read from pages, so that the fragment sees the current tokens there. It rotates the
 *       keys unless step 1 did.
 *   <li>KvDequantize of the gathered classes: the retained past, then the current tokens.
 *   <li>The policy's fragment.
 *   <li>KvAppend of the gathered classes; only now, since a ring overwrites what the chunk's first queries see.
 * </ol>
 *
 * <p>A class without heads in the layer has no steps. A class that is read as current only has no cache steps.
 *
 * @param plan all steps; temporaries {@code q}, {@code k}, {@code v} come in, {@code attn} and {@code attn.lse} go out
 * @param attention the policy's part, with its patterns, constants and state
 */
public record LayerAttention(Plan plan, AttentionPlan attention) {

    /**
     * Plans a layer.
     *
     * @param problem all heads of the layer
     * @param policy plans the heads
     * @param rotary how positions turn queries and keys; absent for models without RoPE
     * @throws dev.filigree.api.policy.PolicyRefusal if the policy cannot serve the problem
     * @throws PlanException if the policy's plan and the cache plan contradict each other
     */
    public static LayerAttention of(AttentionProblem problem, AttentionPolicy policy, Optional<Rotary> rotary) {
        AttentionPlan attention = policy.plan(problem);
        checkAccess(problem, attention);
        String phase = problem.phase().name().toLowerCase(java.util.Locale.ROOT);
        PlanBuilder builder = new PlanBuilder("attention.layer" + problem.layer() + "." + phase);
        AttentionTensors t = new AttentionTensors(problem, builder);
        rotary.ifPresent(r -> builder.declare(frequencies(r)));

        boolean rotateK = attention.access().values().stream().anyMatch(access -> access != KvAccess.PAGES);
        rotary.ifPresent(r -> builder.add(new Rope(r, t.q(), t.positions(), t.q())));
        if (rotateK) {
            rotary.ifPresent(r -> builder.add(new Rope(r, t.k(), t.positions(), t.k())));
        }
        Optional<Rotary> inAppend = rotateK ? Optional.empty() : rotary;
        classes(attention, KvAccess.PAGES).forEach(c -> builder.add(append(t, c, inAppend)));
        classes(attention, KvAccess.GATHERED).forEach(c -> builder.add(gather(problem, t, c)));
        builder.inline(attention.plan());
        classes(attention, KvAccess.GATHERED).forEach(c -> builder.add(append(t, c, Optional.empty())));
        return new LayerAttention(builder.build(), attention);
    }

    /** The declaration under which plans name the frequencies of a rotary: {@code [rotaryDim / 2]} f32, WEIGHT. */
    public static TensorDecl frequencies(Rotary rotary) {
        return TensorDecl.of(
                rotary.frequencies().name(),
                TensorRole.WEIGHT,
                DType.F32,
                Dim.fixed("numFrequencies", rotary.rotaryDim() / 2));
    }

    private static KvAppend append(AttentionTensors t, int kvClass, Optional<Rotary> rotary) {
        return new KvAppend(t.classHeads(kvClass), t.pages(kvClass), rotary, t.k(), t.v(), t.qOffsets(), t.positions());
    }

    private static KvDequantize gather(AttentionProblem problem, AttentionTensors t, int kvClass) {
        return new KvDequantize(
                t.classHeads(kvClass),
                t.pages(kvClass),
                problem.kv().classes().get(kvClass).retention(),
                !KvReads.readsExact(problem.kv(), kvClass),
                t.k(),
                t.v(),
                t.qOffsets(),
                t.pastLengths(),
                t.kvOffsets(kvClass),
                t.gatheredK(kvClass),
                t.gatheredV(kvClass),
                t.kvPositions(kvClass));
    }

    private static List<Integer> classes(AttentionPlan attention, KvAccess wanted) {
        return attention.access().entrySet().stream()
                .filter(entry -> entry.getValue() == wanted)
                .map(java.util.Map.Entry::getKey)
                .toList();
    }

    private static void checkAccess(AttentionProblem problem, AttentionPlan attention) {
        String who = "plan of policy " + attention.policy() + " for layer " + problem.layer();
        IntStream.range(0, problem.kv().classes().size()).forEach(kvClass -> {
            KvClass c = problem.kv().classes().get(kvClass);
            KvAccess access = attention.access().get(kvClass);
            boolean hasHeads = !problem.kv().headsOf(problem.layer(), kvClass).isEmpty();
            if (hasHeads != (access != null)) {
                throw new PlanException(who + (hasHeads ? " must say how it reads" : " must not read") + " cache class "
                        + c.name() + ", which has heads " + problem.kv().headsOf(problem.layer(), kvClass));
            }
            if (access == KvAccess.GATHERED && problem.phase() == Phase.DECODE) {
                throw new PlanException(who + " must read cache class " + c.name() + " from PAGES in decode");
            }
            if (access == KvAccess.PAGES
                    && problem.phase() == Phase.PREFILL
                    && c.addressing() instanceof KvAddressing.Ring) {
                throw new PlanException(who + " must read ring class " + c.name() + " as GATHERED in prefill");
            }
        });
    }
}
