package dev.filigree.conformance.cases.streamingattention;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.AttentionTensorSet;
import dev.filigree.conformance.problem.Layout;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Streaming attention against the reference. */
public final class StreamingAttentionCases {
    private StreamingAttentionCases() {}

    /** All heads, positions implied. */
    public static Problem problem(AttentionData data, HeadPattern.Streaming pattern) {
        return problem(
                data,
                pattern,
                HeadMap.all(data.shape().numQoHeads(), data.shape().numKvHeads()));
    }

    /** Some heads, positions implied. */
    public static Problem problem(AttentionData data, HeadPattern.Streaming pattern, HeadMap heads) {
        ProblemBuilder builder = new ProblemBuilder("streaming");
        AttentionTensorSet t = AttentionTensorSet.declare(builder, data);
        return builder.add(op(data, pattern, heads, t, Optional.empty(), Optional.empty()))
                .build();
    }

    /** All heads, positions given for packed queries and keys. */
    public static Problem problem(
            AttentionData data, HeadPattern.Streaming pattern, int[] qPositions, int[] kvPositions) {
        ProblemBuilder builder = new ProblemBuilder("streaming");
        AttentionTensorSet t = AttentionTensorSet.declare(builder, data);
        Dim numTokens = builder.axis("numTokens", qPositions.length);
        Dim numKvTokens = builder.axis("numKvTokens", kvPositions.length);
        TensorRef q = builder.ints("qPositions", qPositions, numTokens);
        TensorRef kv = builder.ints("kvPositions", kvPositions, numKvTokens);
        HeadMap heads = HeadMap.all(data.shape().numQoHeads(), data.shape().numKvHeads());
        return builder.add(op(data, pattern, heads, t, Optional.of(q), Optional.of(kv)))
                .build();
    }

    private static StreamingAttention op(
            AttentionData data,
            HeadPattern.Streaming pattern,
            HeadMap heads,
            AttentionTensorSet t,
            Optional<TensorRef> qPositions,
            Optional<TensorRef> kvPositions) {
        return new StreamingAttention(
                heads,
                pattern,
                data.shape().scale(),
                t.q(),
                t.k(),
                t.v(),
                t.qOffsets(),
                t.kvOffsets(),
                qPositions,
                kvPositions,
                t.out(),
                t.lse());
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("StreamingAttention");
        int[][] windows = {{0, 1}, {1, 1}, {4, 16}, {3, 17}, {16, 32}, {0, 33}, {64, 64}};
        for (int[] window : windows) {
            HeadPattern.Streaming pattern = new HeadPattern.Streaming(window[0], window[1]);
            compare(cases, Tier.SMOKE, AttentionShape.of(97, 97), pattern);
            compare(cases, Tier.CORE, AttentionShape.of(1, 97).dtype(DType.F16), pattern);
            compare(cases, Tier.CORE, AttentionShape.of(33, 129).heads(4, 2).dtype(DType.BF16), pattern);
        }
        HeadPattern.Streaming pattern = new HeadPattern.Streaming(5, 23);
        for (int[] lengths :
                new int[][] {{0, 0}, {0, 9}, {9, 0}, {1, 1}, {2, 1}, {40, 20}, {63, 64}, {64, 128}, {127, 129}}) {
            compare(cases, Tier.CORE, AttentionShape.of(lengths[0], lengths[1]), pattern);
        }
        for (int[] dims : new int[][] {{64, 32}, {48, 80}, {128, 64}, {128, 128}}) {
            compare(cases, Tier.CORE, AttentionShape.of(37, 37).dims(dims[0], dims[1]), pattern);
        }
        for (int[] heads : new int[][] {{1, 1}, {3, 1}, {8, 1}, {8, 2}}) {
            compare(cases, Tier.CORE, AttentionShape.of(37, 61).heads(heads[0], heads[1]), pattern);
        }
        compare(cases, Tier.CORE, AttentionShape.of(37, 61).heads(4, 2).layout(Layout.SLICED), pattern);
        AttentionShape ragged = AttentionShape.ragged(new int[] {0, 33, 1, 7}, new int[] {3, 64, 90, 7})
                .heads(4, 2);
        compare(cases, Tier.SMOKE, ragged, pattern);
        compare(cases, Tier.CORE, ragged.dtype(DType.BF16), pattern);
        AttentionShape subset = AttentionShape.of(29, 47).heads(6, 3);
        cases.compare(
                Rule.R210,
                Tier.CORE,
                subset.params().with("served", "[1]"),
                g -> problem(AttentionData.random(g, subset), pattern, HeadMap.byHead(6, 3, List.of(1))));
        compare(
                cases,
                Tier.FULL,
                AttentionShape.of(513, 2049).heads(4, 1).dims(64, 64),
                new HeadPattern.Streaming(64, 256));
        StreamingAttentionProperties.add(cases);
        return cases.cases();
    }

    private static void compare(CaseList cases, Tier tier, AttentionShape shape, HeadPattern.Streaming pattern) {
        Params params = shape.params().with("sink", pattern.sink(), "recent", pattern.recent());
        cases.compare(Rule.R221, tier, params, g -> problem(AttentionData.random(g, shape), pattern));
    }
}
