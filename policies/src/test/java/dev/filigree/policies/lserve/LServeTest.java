package dev.filigree.policies.lserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.golden.Geometries;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.paged.PagedPolicy;
import dev.filigree.policies.xattention.XAttentionConfig;
import dev.filigree.policies.xattention.XAttentionPolicy;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where pages are selected, with which budget, and what is refused. */
class LServeTest {
    private static final ModelGeometry GEOMETRY = ModelGeometry.of(3, 4, 2, 16);
    private static final PagedPolicy PAGED = Geometries.paged(KvPrecision.INT8, PrefillReads.STORED);

    /** Pages of 8 in the tests' cache, so statistics of 4. */
    private static LServeConfig config(long budget, int interval) {
        return new LServeConfig(budget, 10, 4, interval, SelectionScope.KV_GROUP, LayerSet.NONE, new DensePolicy());
    }

    private static AttentionProblem problem(AttentionPolicy policy, Phase phase, int layer, long contextTokens) {
        KvCachePlan kv = Geometries.cache(GEOMETRY, policy, PAGED);
        return AttentionProblem.of(
                phase, layer, kv, DType.F32, new StepCapacity(3, 3, 4, contextTokens, 4 * contextTokens));
    }

    private static List<Op> ops(AttentionPolicy policy, Phase phase, int layer, long contextTokens) {
        return policy.plan(problem(policy, phase, layer, contextTokens)).plan().ops();
    }

    private static List<String> names(List<Op> ops) {
        return ops.stream().map(Op::opName).toList();
    }

    @Test
    void decodeScoresSelectsAndAttends() {
        List<Op> ops = ops(new LServePolicy(config(64, 4)), Phase.DECODE, 0, 1024);
        assertEquals(List.of("PageScore", "PageSelect", "PagedAttention"), names(ops));
        PageScore score = (PageScore) ops.get(0);
        PageSelect select = (PageSelect) ops.get(1);
        PagedAttention attend = (PagedAttention) ops.get(2);
        assertEquals(8, select.budgetPages());
        assertEquals(2, select.sinkPages(), "10 tokens of sink lie in two pages of 8");
        assertEquals(select.choice(), attend.choice().orElseThrow());
        assertEquals(select.choice(), score.reuse().orElseThrow().choice());
        assertEquals(SelectionScope.KV_GROUP, score.scope());
    }

    /** Oracle 1: within the budget the plan is dense attention over all pages, with nothing chosen. */
    @Test
    void aBudgetOfTheWholeContextReadsEveryPage() {
        AttentionPolicy policy = new LServePolicy(config(1024, 4));
        assertEquals(List.of("PagedAttention"), names(ops(policy, Phase.DECODE, 0, 1024)));
        AttentionProblem problem = problem(policy, Phase.DECODE, 0, 1024);
        assertEquals(
                new DensePolicy().plan(problem).plan().ops(),
                policy.plan(problem).plan().ops());
        assertEquals(3, ops(policy, Phase.DECODE, 0, 1025).size());
    }

    /** Lists live longer than the plan they were chosen under: their shape must not depend on the step's capacity. */
    @Test
    void stateHasOneShapeForAllCapacities() {
        AttentionPolicy policy = new LServePolicy(config(64, 4));
        assertEquals(
                policy.plan(problem(policy, Phase.DECODE, 0, 128)).policyState(),
                policy.plan(problem(policy, Phase.DECODE, 0, 4096)).policyState());
    }

    @Test
    void listsHaveRoomForPagesThatOpenWhileInUse() {
        assertEquals(8, PageCounts.of(config(64, 1), 8).most());
        assertEquals(9, PageCounts.of(config(64, 2), 8).most());
        assertEquals(9, PageCounts.of(config(64, 9), 8).most());
        assertEquals(10, PageCounts.of(config(64, 10), 8).most());
        assertEquals(8, PageCounts.of(config(71, 1), 8).budget());
    }

    @Test
    void aChoiceAtEveryStepScoresAlways() {
        List<Op> ops = ops(new LServePolicy(config(64, 1)), Phase.DECODE, 0, 1024);
        assertTrue(((PageScore) ops.get(0)).reuse().isEmpty());
    }

    @Test
    void promptsAreReadByTheirOwnPolicy() {
        assertEquals(List.of("PagedAttention"), names(ops(new LServePolicy(config(64, 4)), Phase.PREFILL, 0, 1024)));
        LServeConfig base = config(64, 4);
        LServePolicy sparse = new LServePolicy(new LServeConfig(
                base.budget(),
                base.sink(),
                base.logicalPageSize(),
                base.reuseInterval(),
                base.lists(),
                base.denseLayers(),
                new XAttentionPolicy(XAttentionConfig.of(.9, 16))));
        assertEquals(
                List.of("AntidiagonalScore", "BlockSelect", "BlockSparseAttention"),
                names(ops(sparse, Phase.PREFILL, 0, 1024)));
        assertEquals(128, sparse.chunkMultiple());
    }

    @Test
    void excludedLayersAreDenseAndKeepNoStatistics() {
        LServeConfig base = config(64, 4);
        LServePolicy policy = new LServePolicy(
                new LServeConfig(64, 0, 4, 4, SelectionScope.QUERY_HEAD, LayerSet.parse("1"), base.prefill()));
        assertEquals(List.of("PagedAttention"), names(ops(policy, Phase.DECODE, 1, 1024)));
        assertEquals(3, ops(policy, Phase.DECODE, 2, 1024).size());
        assertEquals(0, policy.kvNeeds(GEOMETRY).of(1, 0).logicalPageSize());
        assertEquals(4, policy.kvNeeds(GEOMETRY).of(2, 1).logicalPageSize());
        assertEquals(
                "layer 1 decode: dense, excluded by denseLayers",
                policy.explain(GEOMETRY, 1024).get(2));
        LServePolicy beyond = new LServePolicy(
                new LServeConfig(64, 0, 4, 4, SelectionScope.QUERY_HEAD, LayerSet.parse("3"), base.prefill()));
        assertEquals(
                "lserve: denseLayers must be 0 to 2, not 3 (config key attention.denseLayers)",
                assertThrows(PolicyRefusal.class, () -> beyond.kvNeeds(GEOMETRY))
                        .getMessage());
    }

    @Test
    void h8_aBudgetWithoutRoomForSinkAndNewestIsRefused() {
        AttentionPolicy policy = new LServePolicy(config(23, 4));
        assertEquals(
                "lserve: budget must hold the sink and the newest page, 24 tokens in pages of 8, not 23"
                        + " (config key attention.budget)",
                assertThrows(PolicyRefusal.class, () -> ops(policy, Phase.DECODE, 0, 1024))
                        .getMessage());
    }

    @Test
    void h8_aCacheWithoutStatisticsIsRefused() {
        AttentionProblem problem = problem(new DensePolicy(), Phase.DECODE, 0, 1024);
        assertEquals(
                "lserve: page selection needs linear pages with statistics of 4 tokens, not cache class full:"
                        + " everything, linear, pageSize 8, k int8, v int8 (config key kvCache.policy)",
                assertThrows(PolicyRefusal.class, () -> new LServePolicy(config(64, 4)).plan(problem))
                        .getMessage());
    }

    @Test
    void h8_statisticsThatDoNotDivideThePageAreRefusedByTheCache() {
        AttentionPolicy policy = new LServePolicy(
                new LServeConfig(64, 0, 16, 4, SelectionScope.QUERY_HEAD, LayerSet.NONE, new DensePolicy()));
        assertEquals(
                "paged: pageSize must be a multiple of the logicalPageSize 16 that attention asks for, not 8"
                        + " (config key kvCache.pageSize)",
                assertThrows(PolicyRefusal.class, () -> Geometries.cache(GEOMETRY, policy, PAGED))
                        .getMessage());
    }

    @Test
    void densityIsTheBudgetsShare() {
        LServePolicy policy = new LServePolicy(config(64, 4));
        assertEquals(1, policy.expectedDensity(Phase.PREFILL, 0, 1024));
        assertEquals(.0625, policy.expectedDensity(Phase.DECODE, 0, 1024));
        assertEquals(1, policy.expectedDensity(Phase.DECODE, 0, 40));
    }
}
