package dev.filigree.policies.pattern;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;

/** Plans heads by pattern: one attention op per KV class and pattern, none for classes without served heads. */
public final class PatternPlan {
    private final String policy;
    private final AttentionProblem problem;
    private final PlanBuilder builder;
    private final Map<Integer, KvAccess> access = new TreeMap<>();
    private final Map<Integer, String> patterns = new TreeMap<>();

    private PatternPlan(String policy, AttentionProblem problem) {
        this.policy = policy;
        this.problem = problem;
        this.builder = new PlanBuilder(name(policy, problem));
    }

    /** The usual name of a policy's plan, such as {@code dense.layer3.prefill}. */
    public static String name(String policy, AttentionProblem problem) {
        String phase = problem.phase().name().toLowerCase(Locale.ROOT);
        return policy + ".layer" + problem.layer() + "." + phase;
    }

    /**
     * Plans the served heads of a problem.
     *
     * @param policy name for the plan and for refusals
     * @param problem the heads
     * @param patternOf the pattern of each KV head
     * @throws PolicyRefusal if a class forgets what a pattern reads, or a streaming head is not causal
     */
    public static AttentionPlan of(String policy, AttentionProblem problem, IntFunction<HeadPattern> patternOf) {
        PatternPlan plan = new PatternPlan(policy, problem);
        for (int kvClass = 0; kvClass < problem.kv().classes().size(); kvClass++) {
            plan.addClass(kvClass, patternOf);
        }
        return new AttentionPlan(policy, plan.builder.build(), plan.access, plan.patterns, List.of());
    }

    private void addClass(int kvClass, IntFunction<HeadPattern> patternOf) {
        Map<HeadPattern, List<Integer>> groups = new LinkedHashMap<>();
        for (int head : problem.headsOfClass(kvClass)) {
            HeadPattern pattern = patternOf.apply(head);
            groups.computeIfAbsent(pattern, p -> new ArrayList<>()).add(head);
            patterns.put(head, pattern.toString());
        }
        if (groups.isEmpty()) {
            return;
        }
        KvAccess reads = KvReads.access(problem, kvClass);
        access.put(kvClass, reads);
        groups.forEach((pattern, heads) -> {
            AttentionProblem some = problem.withHeads(heads);
            KvReads.requireCovered(policy, some, kvClass, pattern);
            builder.add(op(new AttentionTensors(some, builder), some, kvClass, reads, pattern));
        });
    }

    private Op op(AttentionTensors t, AttentionProblem some, int kvClass, KvAccess reads, HeadPattern pattern) {
        return switch (reads) {
            case PAGES -> paged(t, kvClass, pattern);
            case GATHERED -> gathered(t, kvClass, pattern);
            case CURRENT -> current(t, some, pattern);
        };
    }

    private Op paged(AttentionTensors t, int kvClass, HeadPattern pattern) {
        return new PagedAttention(
                t.servedHeads(kvClass),
                pattern,
                problem.scale(),
                t.pages(kvClass),
                t.q(),
                t.qOffsets(),
                t.kvLengths(),
                Optional.empty(),
                t.out(),
                t.lse());
    }

    private Op gathered(AttentionTensors t, int kvClass, HeadPattern pattern) {
        if (pattern instanceof HeadPattern.Streaming streaming) {
            return new StreamingAttention(
                    t.servedHeads(kvClass),
                    streaming,
                    problem.scale(),
                    t.q(),
                    t.gatheredK(kvClass),
                    t.gatheredV(kvClass),
                    t.qOffsets(),
                    t.kvOffsets(kvClass),
                    Optional.of(t.positions()),
                    Optional.of(t.kvPositions(kvClass)),
                    t.out(),
                    t.lse());
        }
        return new DenseAttention(
                t.servedHeads(kvClass),
                Masking.CAUSAL,
                problem.scale(),
                t.q(),
                t.gatheredK(kvClass),
                t.gatheredV(kvClass),
                t.qOffsets(),
                t.kvOffsets(kvClass),
                t.out(),
                t.lse());
    }

    private Op current(AttentionTensors t, AttentionProblem some, HeadPattern pattern) {
        if (pattern instanceof HeadPattern.Streaming) {
            throw new PolicyRefusal(
                    policy, "streaming heads need causal masking, not " + problem.masking(), "attention.policy");
        }
        int numQoHeads = problem.geometry().numQoHeads();
        int numKvHeads = problem.geometry().numKvHeads();
        return new DenseAttention(
                HeadMap.byHead(numQoHeads, numKvHeads, some.kvHeads()),
                problem.masking(),
                problem.scale(),
                t.q(),
                t.k(),
                t.v(),
                t.qOffsets(),
                t.qOffsets(),
                t.out(),
                t.lse());
    }
}
