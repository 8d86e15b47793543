package dev.filigree.conformance.policy;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** Policies with one defect each. */
public final class PolicyMutants {
    static final String STREAMING = "streaming:sink=4:recent=24";
    static final String LSERVE = "lserve:budget=64:sink=8:logicalPageSize=4:reuseInterval=2";

    private PolicyMutants() {}

    /** All of them. */
    public static List<PolicyMutant> all() {
        AtomicInteger asked = new AtomicInteger();
        return List.of(
                new PolicyMutant(
                        "a plan remembers how often it was asked",
                        Rule.R1201,
                        "dense",
                        inner -> planning(inner, p -> renamed(inner.plan(p), "asked" + asked.incrementAndGet()))),
                new PolicyMutant(
                        "heads of others are planned too",
                        Rule.R1202,
                        "dense",
                        inner -> planning(inner, p -> inner.plan(p.withHeads(List.of(0, 1))))),
                new PolicyMutant(
                        "a chunk forgets what came before it",
                        Rule.R1203,
                        STREAMING,
                        inner -> planning(inner, p -> withoutPast(inner.plan(p), p))),
                new PolicyMutant(
                        "a larger batch narrows the window",
                        Rule.R1204,
                        STREAMING,
                        inner -> planning(
                                inner,
                                p -> p.capacity().numSeqs() == 1
                                        ? inner.plan(p)
                                        : rewritten(inner.plan(p), op -> narrowed(op, 1)))),
                new PolicyMutant(
                        "two parts that overlap are merged",
                        Rule.R1205,
                        "dense",
                        inner ->
                                planning(inner, p -> p.phase() == Phase.DECODE ? twice(inner.plan(p)) : inner.plan(p))),
                new PolicyMutant(
                        "more is read than was asked to be kept",
                        Rule.R1206,
                        STREAMING,
                        inner -> needing(
                                planning(inner, p -> rewritten(inner.plan(p), op -> narrowed(op, -40))),
                                HeadNeed.window(4, 24))),
                new PolicyMutant(
                        "the budget is read twice over",
                        Rule.R1207,
                        LSERVE,
                        inner -> PolicySetting.parse(LSERVE.replace("budget=64", "budget=128"))
                                .policy()),
                new PolicyMutant(
                        "far tokens are dropped against the promise",
                        Rule.R1208,
                        "dense:mass>=0.9:recall>=1",
                        inner -> PolicySetting.parse(STREAMING).policy()),
                new PolicyMutant(
                        "refuses to be composed without a word",
                        Rule.R1209,
                        "streaming",
                        inner -> planning(inner, p -> {
                            throw new PolicyRefusal("mutant", "no", "attention.policy");
                        })));
    }

    private static AttentionPolicy planning(AttentionPolicy inner, UnaryPlan plan) {
        return new Delegating(inner, plan, Optional.empty());
    }

    private static AttentionPolicy needing(AttentionPolicy inner, HeadNeed need) {
        return new Delegating(inner, inner::plan, Optional.of(need));
    }

    /** Plans a problem in a defective way. */
    private interface UnaryPlan {
        AttentionPlan plan(AttentionProblem problem);
    }

    private record Delegating(AttentionPolicy inner, UnaryPlan planning, Optional<HeadNeed> need)
            implements AttentionPolicy {
        @Override
        public String name() {
            return inner.name();
        }

        @Override
        public KvNeeds kvNeeds(ModelGeometry geometry) {
            return need.map(n -> KvNeeds.uniform(geometry.numLayers(), geometry.numKvHeads(), n))
                    .orElseGet(() -> inner.kvNeeds(geometry));
        }

        @Override
        public AttentionPlan plan(AttentionProblem problem) {
            return planning.plan(problem);
        }

        @Override
        public int chunkMultiple() {
            return inner.chunkMultiple();
        }
    }

    private static AttentionPlan with(AttentionPlan plan, Plan steps) {
        return new AttentionPlan(plan.policy(), steps, plan.access(), plan.patterns(), plan.constants());
    }

    private static AttentionPlan renamed(AttentionPlan plan, String name) {
        return with(plan, new Plan(name, plan.plan().tensors(), plan.plan().ops()));
    }

    private static AttentionPlan rewritten(AttentionPlan plan, UnaryOperator<Op> rewrite) {
        Plan steps = plan.plan();
        return with(
                plan,
                new Plan(
                        steps.name(),
                        steps.tensors(),
                        steps.ops().stream().map(rewrite).toList()));
    }

    // Only the current tokens, as if no chunk had come before.
    private static AttentionPlan withoutPast(AttentionPlan plan, AttentionProblem problem) {
        PlanBuilder builder = new PlanBuilder(plan.plan().name());
        plan.plan().tensors().all().forEach(builder::declare);
        AttentionTensors t = new AttentionTensors(problem, builder);
        for (Op op : plan.plan().ops()) {
            builder.add(
                    op instanceof StreamingAttention s
                            ? new StreamingAttention(
                                    HeadMap.byHead(
                                            s.heads().numQoHeads(),
                                            s.heads().numKvHeads(),
                                            s.heads().kvHeads()),
                                    s.pattern(),
                                    s.scale(),
                                    s.q(),
                                    t.k(),
                                    t.v(),
                                    s.qOffsets(),
                                    s.qOffsets(),
                                    Optional.empty(),
                                    Optional.empty(),
                                    s.out(),
                                    s.lse())
                            : op);
        }
        return with(plan, builder.build());
    }

    private static Op narrowed(Op op, int by) {
        return switch (op) {
            case StreamingAttention s ->
                new StreamingAttention(
                        s.heads(),
                        narrowed(s.pattern(), by),
                        s.scale(),
                        s.q(),
                        s.k(),
                        s.v(),
                        s.qOffsets(),
                        s.kvOffsets(),
                        s.qPositions(),
                        s.kvPositions(),
                        s.out(),
                        s.lse());
            case PagedAttention p
            when p.pattern() instanceof HeadPattern.Streaming window ->
                new PagedAttention(
                        p.heads(),
                        narrowed(window, by),
                        p.scale(),
                        p.kv(),
                        p.q(),
                        p.qOffsets(),
                        p.kvLengths(),
                        p.choice(),
                        p.out(),
                        p.lse());
            default -> op;
        };
    }

    private static HeadPattern.Streaming narrowed(HeadPattern.Streaming pattern, int by) {
        return new HeadPattern.Streaming(pattern.sink(), pattern.recent() - by);
    }

    // Everything, and the last 32 once more.
    private static AttentionPlan twice(AttentionPlan plan) {
        PagedAttention whole = (PagedAttention) plan.plan().ops().getFirst();
        PlanBuilder builder = new PlanBuilder(plan.plan().name());
        plan.plan().tensors().all().forEach(builder::declare);
        List<TensorRef> parts = List.of(TensorRef.of("part0"), TensorRef.of("part1"));
        for (int i = 0; i < 2; i++) {
            TensorDecl out = plan.plan().tensors().get(whole.out());
            TensorDecl lse = plan.plan().tensors().get(whole.lse());
            TensorRef partLse = TensorRef.of(parts.get(i) + ".lse");
            builder.declare(out.as(parts.get(i), TensorRole.TEMP));
            builder.declare(lse.as(partLse, TensorRole.TEMP));
            builder.add(new PagedAttention(
                    whole.heads(),
                    i == 0 ? whole.pattern() : new HeadPattern.Streaming(0, 32),
                    whole.scale(),
                    whole.kv(),
                    whole.q(),
                    whole.qOffsets(),
                    whole.kvLengths(),
                    Optional.empty(),
                    parts.get(i),
                    partLse));
        }
        builder.add(merge(parts, whole));
        return with(plan, builder.build());
    }

    private static MergeStates merge(List<TensorRef> parts, PagedAttention whole) {
        return new MergeStates(
                parts, parts.stream().map(part -> TensorRef.of(part + ".lse")).toList(), whole.out(), whole.lse());
    }
}
