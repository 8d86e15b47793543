package dev.filigree.conformance.cases.blocksparseattention;

import static dev.filigree.conformance.cases.blocksparseattention.BlockSparseAttentionCases.problem;

import dev.filigree.api.attention.Masking;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.denseattention.DenseAttentionCases;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionProperty;
import dev.filigree.conformance.cases.shared.AttentionResult;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;

/** What attention over chosen blocks must do whatever the reference says. */
final class BlockSparseAttentionProperties {
    private BlockSparseAttentionProperties() {}

    static void add(CaseList cases) {
        for (var dtype : RowCases.DTYPES) {
            for (AttentionShape base : List.of(
                    AttentionShape.of(70, 70),
                    AttentionShape.of(21, 85),
                    AttentionShape.ragged(new int[] {5, 0, 40}, new int[] {9, 4, 40}))) {
                AttentionShape shape = base.dtype(dtype).heads(4, 2);
                cases.check(Rule.R302, Tier.SMOKE, shape.params(), c -> allBlocks(c, shape));
            }
        }
        for (int[] lengths : new int[][] {{64, 64}, {40, 70}, {9, 61}}) {
            AttentionShape shape = AttentionShape.of(lengths[0], lengths[1]);
            Params params = shape.params();
            cases.check(Rule.R303, Tier.SMOKE, params, c -> seen(c, shape, 0, 2));
            cases.check(Rule.R304, Tier.SMOKE, params, c -> seen(c, shape, 1, 2, 3, 4));
            cases.check(Rule.R305, Tier.SMOKE, params, c -> anchors(c, shape));
            cases.check(Rule.R306, Tier.SMOKE, params, c -> emptyLists(c, shape));
            cases.check(Rule.R307, Tier.CORE, params, c -> pastTheCount(c, shape));
        }
    }

    private static AttentionResult run(CaseContext c, AttentionData data, BlockLists lists) {
        return AttentionProperty.run(c, data, d -> problem(d, Masking.CAUSAL, lists));
    }

    private static void allBlocks(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        for (Masking masking : Masking.values()) {
            AttentionResult dense = AttentionProperty.run(c, data, d -> DenseAttentionCases.problem(d, masking));
            BlockLists lists = BlockLists.all(shape, 16);
            AttentionProperty.same(
                    c, masking + ":", dense, AttentionProperty.run(c, data, d -> problem(d, masking, lists)));
        }
    }

    // The same lists in every row: exactly the keys of these blocks at or before the query are seen.
    private static void seen(CaseContext c, AttentionShape shape, int... blocks) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        BlockLists lists = BlockLists.same(shape, 16, blocks);
        int last = shape.kvLengths()[0] - 1;
        AttentionProperty.seesExactly(
                c,
                data,
                d -> problem(d, Masking.CAUSAL, lists),
                (q, k) -> k <= q && Arrays.binarySearch(blocks, k / 16) >= 0,
                0,
                15,
                16,
                31,
                32,
                47,
                last);
    }

    // Each row reads its own diagonal block: the rows must change where absolute positions pass a multiple.
    private static void anchors(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        BlockLists lists = BlockLists.same(shape, 16);
        int first = (shape.kvLengths()[0] - shape.qLengths()[0]) / 16;
        for (int row = 0; row < lists.numQBlocks(); row++) {
            for (int h = 0; h < shape.numQoHeads(); h++) {
                lists.set(row, h, first + row);
            }
        }
        int last = shape.kvLengths()[0] - 1;
        AttentionProperty.seesExactly(
                c,
                data,
                d -> problem(d, Masking.CAUSAL, lists),
                (q, k) -> k <= q && q / 16 == k / 16,
                last / 16 * 16,
                last / 16 * 16 - 1,
                last);
    }

    private static void emptyLists(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionResult result = run(c, data, BlockLists.same(shape, 16));
        AttentionProperty.emptyRows(c, result, 0, shape.numTokens());
    }

    private static void pastTheCount(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        BlockLists lists = BlockLists.random(c.generator(), shape, 16);
        Problem first = problem(data, Masking.CAUSAL, lists);
        Problem second = problem(data, Masking.CAUSAL, lists);
        TensorData indices = second.data(dev.filigree.api.plan.TensorRef.of("blockIndices"));
        for (int i = 0; i < indices.numElements(); i++) {
            int list = i / lists.maxKvBlocks();
            if (i % lists.maxKvBlocks() >= lists.of(list / shape.numQoHeads(), list % shape.numQoHeads()).length) {
                indices.setInt(i, 0);
            }
        }
        c.same("out", c.run(first).get("out"), c.run(second).get("out"));
    }
}
