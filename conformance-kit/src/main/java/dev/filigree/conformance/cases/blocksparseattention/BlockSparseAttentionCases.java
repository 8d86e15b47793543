package dev.filigree.conformance.cases.blocksparseattention;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.BlockSparseAttention;
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
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Layout;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Attention over chosen blocks against the reference. */
public final class BlockSparseAttentionCases {
    private BlockSparseAttentionCases() {}

    /** All heads. */
    public static Problem problem(AttentionData data, Masking masking, BlockLists lists) {
        return problem(
                data,
                masking,
                lists,
                HeadMap.all(data.shape().numQoHeads(), data.shape().numKvHeads()));
    }

    /** Some heads. */
    public static Problem problem(AttentionData data, Masking masking, BlockLists lists, HeadMap heads) {
        AttentionShape shape = data.shape();
        ProblemBuilder builder = new ProblemBuilder("block sparse");
        AttentionTensorSet t = AttentionTensorSet.declare(builder, data);
        Dim numQBlocks = builder.axis("numQBlocks", lists.numQBlocks());
        Dim numQoHeads = Dim.fixed("numQoHeads", shape.numQoHeads());
        TensorRef rows = builder.ints(
                "qBlockOffsets",
                BlockLists.rowOffsets(shape, lists.blockSize()),
                builder.axis("numSeqs", shape.numSeqs()).plusOne());
        TensorRef counts = builder.ints("blockCounts", lists.counts(), numQBlocks, numQoHeads);
        TensorRef indices = builder.ints(
                "blockIndices",
                lists.indices(new Generator(shape.numTokens())),
                numQBlocks,
                numQoHeads,
                Dim.fixed("maxKvBlocks", lists.maxKvBlocks()));
        return builder.add(new BlockSparseAttention(
                        heads,
                        masking,
                        shape.scale(),
                        lists.blockSize(),
                        t.q(),
                        t.k(),
                        t.v(),
                        t.qOffsets(),
                        t.kvOffsets(),
                        rows,
                        counts,
                        indices,
                        t.out(),
                        t.lse()))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("BlockSparseAttention");
        int[][] lengths = {
            {1, 1}, {15, 15}, {16, 16}, {17, 17}, {64, 64}, {65, 65}, {97, 131}, {1, 129}, {31, 127}, {5, 64}
        };
        for (int[] pair : lengths) {
            for (int blockSize : new int[] {16, 32, 64, 128}) {
                AttentionShape shape = AttentionShape.of(pair[0], pair[1]);
                Tier tier = blockSize == 16 && pair[0] % 2 == 1 ? Tier.SMOKE : Tier.CORE;
                compare(cases, Rule.R301, tier, shape, blockSize, Masking.CAUSAL);
            }
            compare(cases, Rule.R301, Tier.CORE, AttentionShape.of(pair[0], pair[1]), 16, Masking.BIDIRECTIONAL);
        }
        for (DType dtype : RowCases.DTYPES) {
            AttentionShape shape =
                    AttentionShape.of(70, 103).dtype(dtype).heads(4, 2).dims(64, 64);
            compare(cases, Rule.R301, Tier.SMOKE, shape, 32, Masking.CAUSAL);
            compare(cases, Rule.R301, Tier.CORE, shape.dims(48, 80), 16, Masking.CAUSAL);
            compare(cases, Rule.R104, Tier.CORE, shape.layout(Layout.SLICED), 32, Masking.CAUSAL);
            AttentionShape ragged = AttentionShape.ragged(new int[] {0, 33, 1, 70}, new int[] {3, 64, 90, 70})
                    .dtype(dtype)
                    .heads(3, 1);
            compare(cases, Rule.R301, Tier.SMOKE, ragged, 16, Masking.CAUSAL);
            compare(cases, Rule.R301, Tier.CORE, ragged, 64, Masking.BIDIRECTIONAL);
        }
        compare(cases, Rule.R101, Tier.CORE, AttentionShape.of(0, 9), 16, Masking.CAUSAL);
        AttentionShape subset = AttentionShape.of(29, 47).heads(6, 3);
        cases.compare(Rule.R210, Tier.CORE, subset.params().with("served", "[0,2]"), g -> {
            AttentionData data = AttentionData.random(g, subset);
            BlockLists lists = BlockLists.random(g, subset, 16);
            return problem(data, Masking.CAUSAL, lists, HeadMap.byHead(6, 3, List.of(0, 2)));
        });
        AttentionShape large = AttentionShape.of(1024, 1024).heads(4, 1).dims(64, 64);
        compare(cases, Rule.R301, Tier.FULL, large, 128, Masking.CAUSAL);
        compare(cases, Rule.R301, Tier.FULL, large.dtype(DType.BF16), 64, Masking.CAUSAL);
        BlockSparseAttentionProperties.add(cases);
        return cases.cases();
    }

    private static void compare(
            CaseList cases, Rule rule, Tier tier, AttentionShape shape, int blockSize, Masking masking) {
        Params params = shape.params().with("block", blockSize, "mask", masking == Masking.CAUSAL ? "causal" : "none");
        cases.compare(rule, tier, params, g -> {
            AttentionData data = AttentionData.random(g, shape);
            return problem(data, masking, BlockLists.random(g, shape, blockSize));
        });
    }
}
