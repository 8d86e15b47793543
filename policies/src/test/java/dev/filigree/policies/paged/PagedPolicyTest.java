package dev.filigree.policies.paged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvCacheProblem;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Classes, page counts and budgets of the paged cache. */
class PagedPolicyTest {
    private static final ModelGeometry GEOMETRY = ModelGeometry.of(2, 8, 4, 16);
    private static final HeadNeed WINDOW = HeadNeed.window(4, 60);
    private static final HeadNeed STATS = new HeadNeed(new Retention.Everything(), 8);

    private static PagedPolicy paged(int pageSize, KvPrecision precision) {
        return new PagedPolicy(new PagedConfig(pageSize, precision, precision, PrefillReads.STORED));
    }

    private static KvCacheProblem problem(OptionalLong budget, HeadNeed... heads) {
        return new KvCacheProblem(GEOMETRY, new KvNeeds(List.of(List.of(heads), List.of(heads))), 3, 1000, budget);
    }

    @Test
    void oneClassPerDistinctNeedFullOnesFirst() {
        KvCachePlan plan = paged(16, KvPrecision.F16)
                .plan(problem(OptionalLong.empty(), WINDOW, HeadNeed.EVERYTHING, STATS, WINDOW));
        assertEquals(
                List.of("full", "full2", "ring"),
                plan.classes().stream().map(KvClass::name).toList());
        assertEquals(
                List.of(List.of(1), List.of(2), List.of(0, 3)), plan.heads().getFirst());
        assertEquals(List.of(3 * 63L, 3 * 63L, 3 * 6L), plan.numPages());
    }

    @Test
    void aBudgetBoundsAllPoolsTogether() {
        KvCacheProblem free = problem(OptionalLong.empty(), WINDOW, HeadNeed.EVERYTHING, STATS, WINDOW);
        PagedPolicy paged = paged(16, KvPrecision.F16);
        KvCachePlan unbounded = paged.plan(free);
        long oneSeq = unbounded.bytesFor(1000);
        for (long budget = oneSeq; budget < unbounded.totalBytes() + 50_000; budget += 9_973) {
            KvCachePlan plan = paged.plan(problem(OptionalLong.of(budget), WINDOW, HeadNeed.EVERYTHING, STATS, WINDOW));
            assertTrue(plan.totalBytes() <= budget, plan.totalBytes() + " of " + budget);
            for (int c = 0; c < plan.classes().size(); c++) {
                assertTrue(plan.numPages().get(c) >= plan.classes().get(c).pagesFor(1000));
                assertTrue(plan.numPages().get(c) <= unbounded.numPages().get(c));
            }
        }
        long enough = unbounded.totalBytes();
        assertEquals(
                unbounded.numPages(),
                paged.plan(problem(OptionalLong.of(enough), WINDOW, HeadNeed.EVERYTHING, STATS, WINDOW))
                        .numPages());
    }

    @Test
    void aBudgetBelowOneSequenceIsRefused() {
        PolicyRefusal e = assertThrows(
                PolicyRefusal.class,
                () -> paged(16, KvPrecision.F16).plan(problem(OptionalLong.of(1000), WINDOW, WINDOW, WINDOW, WINDOW)));
        assertEquals(
                "paged: one sequence of 1000 tokens takes 49152 bytes, the budget holds 1000"
                        + " (config key limits.kvBudget)",
                e.getMessage());
    }

    @Test
    void pagesMustHoldWholeLogicalPages() {
        PolicyRefusal e = assertThrows(
                PolicyRefusal.class,
                () -> paged(20, KvPrecision.F16).plan(problem(OptionalLong.empty(), STATS, STATS, STATS, STATS)));
        assertEquals("kvCache.pageSize", e.configKey());
    }

    @Test
    void oddHeadDimsCannotBePacked() {
        ModelGeometry odd = ModelGeometry.of(1, 2, 2, 15);
        KvCacheProblem problem =
                new KvCacheProblem(odd, KvNeeds.uniform(1, 2, HeadNeed.EVERYTHING), 1, 100, OptionalLong.empty());
        assertThrows(PolicyRefusal.class, () -> paged(16, KvPrecision.INT4).plan(problem));
        assertEquals(1, paged(16, KvPrecision.INT8).plan(problem).classes().size());
    }
}
