package dev.filigree.conformance.cases.denseattention;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.DenseAttention;
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

/** Dense attention against the reference: sizes, heads, dims, dtypes, layouts, batches. */
public final class DenseAttentionCases {
    private static final int[][] LENGTHS = {
        {1, 1},
        {1, 17},
        {1, 129},
        {15, 15},
        {16, 16},
        {17, 17},
        {31, 33},
        {32, 32},
        {33, 31},
        {63, 64},
        {64, 64},
        {65, 65},
        {127, 127},
        {128, 128},
        {129, 129},
        {97, 131},
        {2, 64},
        {64, 2},
        {5, 0},
        {0, 5},
        {0, 0}
    };
    private static final int[][] HEADS = {{1, 1}, {3, 1}, {4, 1}, {8, 1}, {4, 2}, {6, 2}, {8, 8}};
    private static final int[][] DIMS = {{64, 64}, {128, 128}, {64, 32}, {48, 80}, {128, 64}, {16, 16}, {96, 96}, {7, 5}
    };

    private DenseAttentionCases() {}

    /** All heads with the usual scale. */
    public static Problem problem(AttentionData data, Masking masking) {
        return problem(
                data,
                masking,
                HeadMap.all(data.shape().numQoHeads(), data.shape().numKvHeads()));
    }

    /** Some heads with the usual scale. */
    public static Problem problem(AttentionData data, Masking masking, HeadMap heads) {
        return problem(data, masking, heads, data.shape().scale());
    }

    /** Some heads with a scale. */
    public static Problem problem(AttentionData data, Masking masking, HeadMap heads, float scale) {
        ProblemBuilder builder = new ProblemBuilder("dense");
        AttentionTensorSet t = AttentionTensorSet.declare(builder, data);
        return builder.add(new DenseAttention(
                        heads, masking, scale, t.q(), t.k(), t.v(), t.qOffsets(), t.kvOffsets(), t.out(), t.lse()))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("DenseAttention");
        lengths(cases);
        for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
            Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
            compare(cases, tier, AttentionShape.of(37, 53).dtype(dtype).heads(4, 2), Masking.CAUSAL);
            compare(cases, tier, AttentionShape.of(37, 53).dtype(dtype).heads(4, 2), Masking.BIDIRECTIONAL);
            compare(cases, Tier.CORE, AttentionShape.of(129, 129).dtype(dtype).dims(128, 128), Masking.CAUSAL);
            for (Layout layout : List.of(Layout.SLICED, Layout.HEADS_FIRST)) {
                AttentionShape shape =
                        AttentionShape.of(19, 67).dtype(dtype).heads(4, 2).layout(layout);
                compare(cases, Rule.R104, tier, shape, Masking.CAUSAL);
            }
        }
        for (int[] heads : HEADS) {
            compare(cases, Tier.CORE, AttentionShape.of(21, 43).heads(heads[0], heads[1]), Masking.CAUSAL);
        }
        for (int[] dims : DIMS) {
            AttentionShape shape = AttentionShape.of(21, 43).dims(dims[0], dims[1]);
            compare(cases, Rule.R211, Tier.CORE, shape, Masking.CAUSAL);
            compare(cases, Rule.R211, Tier.CORE, shape.dtype(DType.BF16), Masking.CAUSAL);
        }
        ragged(cases);
        heads(cases);
        DenseAttentionProperties.add(cases);
        return cases.cases();
    }

    private static void lengths(CaseList cases) {
        for (int[] pair : LENGTHS) {
            Tier tier = pair[0] == 65 || pair[0] == 1 ? Tier.SMOKE : Tier.CORE;
            compare(cases, tier, AttentionShape.of(pair[0], pair[1]), Masking.CAUSAL);
            compare(cases, Tier.CORE, AttentionShape.of(pair[0], pair[1]), Masking.BIDIRECTIONAL);
            AttentionShape half =
                    AttentionShape.of(pair[0], pair[1]).dtype(DType.F16).dims(64, 64);
            compare(cases, Tier.FULL, half, Masking.CAUSAL);
        }
        compare(cases, Tier.FULL, AttentionShape.of(257, 1031).heads(8, 2).dims(128, 128), Masking.CAUSAL);
        compare(
                cases,
                Tier.FULL,
                AttentionShape.of(257, 1031).heads(8, 2).dims(128, 128).dtype(DType.BF16),
                Masking.CAUSAL);
    }

    private static void ragged(CaseList cases) {
        int[][][] batches = {
            {{1, 1, 1}, {65, 1, 17}},
            {{0, 5, 0, 33}, {7, 5, 0, 64}},
            {{17, 64, 1}, {17, 64, 1}},
            {{3, 0, 9}, {0, 0, 4}}
        };
        for (int[][] batch : batches) {
            for (DType dtype : List.of(DType.F32, DType.F16)) {
                AttentionShape shape =
                        AttentionShape.ragged(batch[0], batch[1]).heads(4, 2).dtype(dtype);
                compare(cases, dtype == DType.F32 ? Tier.SMOKE : Tier.CORE, shape, Masking.CAUSAL);
                compare(cases, Tier.CORE, shape, Masking.BIDIRECTIONAL);
            }
        }
    }

    private static void heads(CaseList cases) {
        AttentionShape shape = AttentionShape.of(23, 41).heads(6, 3);
        for (List<Integer> served : List.of(List.of(0), List.of(2), List.of(0, 2), List.<Integer>of())) {
            cases.compare(
                    Rule.R210,
                    Tier.CORE,
                    shape.params().with("served", served),
                    g -> problem(AttentionData.random(g, shape), Masking.CAUSAL, HeadMap.byHead(6, 3, served)));
        }
        AttentionShape classShape = AttentionShape.of(23, 41).heads(4, 2);
        cases.compare(
                Rule.R210,
                Tier.CORE,
                classShape.params().with("class", "[1,3]").with("served", "[1,3]"),
                // K and V hold two heads of a layer that has four of them, so slots and heads differ.
                g -> byRank(AttentionData.random(g, classShape)));
    }

    private static Problem byRank(AttentionData data) {
        AttentionShape shape = data.shape();
        AttentionShape wide =
                new AttentionShape(shape.qLengths(), shape.kvLengths(), 8, 2, 32, 32, shape.dtype(), shape.layout());
        float[][] q = {new float[shape.numTokens() * 8 * 32]};
        for (int i = 0; i < q[0].length; i++) {
            q[0][i] = data.q(0)[i % data.q(0).length];
        }
        AttentionData widened = new AttentionData(wide, q, new float[][] {data.k(0)}, new float[][] {data.v(0)});
        return problem(widened, Masking.CAUSAL, HeadMap.byRank(8, 4, List.of(1, 3), List.of(1, 3)));
    }

    private static void compare(CaseList cases, Tier tier, AttentionShape shape, Masking masking) {
        compare(cases, Rule.R201, tier, shape, masking);
    }

    private static void compare(CaseList cases, Rule rule, Tier tier, AttentionShape shape, Masking masking) {
        Params params = shape.params().with("mask", masking == Masking.CAUSAL ? "causal" : "none");
        cases.compare(rule, tier, params, g -> problem(AttentionData.random(g, shape), masking));
    }
}
