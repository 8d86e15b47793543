package dev.filigree.conformance.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.CaseBody;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.UnsupportedCase;
import dev.filigree.conformance.report.RunReport;
import dev.filigree.conformance.rule.Rule;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConformanceRunnerTest {

    private static KitOptions options(Tier tier, String only, OptionalLong seed) {
        return new KitOptions(tier, Optional.ofNullable(only), seed, 42);
    }

    private static RunReport run(CaseBody.Property property) {
        RunReport report = new RunReport("a backend", 42);
        ConformanceCase one =
                ConformanceCase.of(Rule.R201, "Op", Params.of(), Tier.SMOKE, new CaseBody.Check(property));
        try (ConformanceRunner runner = new ConformanceRunner(Oracle.find(), Oracle.find())) {
            ConformanceRunner.plan(List.of(one), options(Tier.SMOKE, null, OptionalLong.empty()))
                    .forEach(execution -> report.add(runner.run(execution)));
        }
        return report;
    }

    @Test
    void idsAreDistinctAndHaveNoSpaces() {
        Set<String> ids = new HashSet<>();
        Catalog.all().forEach(one -> {
            assertTrue(ids.add(one.id()), () -> one.id() + " stands twice");
            assertFalse(one.id().contains(" "), one::id);
        });
    }

    @Test
    void replayRunsOneCaseWithOneSeed() {
        ConformanceCase one = Catalog.all().getFirst();
        List<ConformanceRunner.Execution> plan =
                ConformanceRunner.plan(Catalog.all(), options(Tier.SMOKE, one.id(), OptionalLong.of(7)));
        assertEquals(1, plan.size());
        assertEquals(one.id(), plan.getFirst().executed().id());
        assertEquals(7, plan.getFirst().seed());
    }

    @Test
    void tiersContainEachOther() {
        long smoke = count(Tier.SMOKE);
        long core = count(Tier.CORE);
        long full = count(Tier.FULL);
        assertTrue(0 < smoke && smoke < core && core < full, () -> smoke + ", " + core + ", " + full);
    }

    private static long count(Tier tier) {
        return ConformanceRunner.plan(Catalog.all(), options(tier, null, OptionalLong.empty()))
                .size();
    }

    @Test
    void nothingExecutedIsAFailure() {
        assertTrue(new RunReport("a backend", 42).failed());
        RunReport unsupported = run(context -> {
            throw new UnsupportedCase("no kernel");
        });
        assertTrue(unsupported.failed());
        assertTrue(unsupported.text().contains("unsupported, 1 times: no kernel"), unsupported::text);
        assertTrue(unsupported.text().contains("no case ran"), unsupported::text);
    }

    @Test
    void whateverABackendThrowsIsAFailureWithItsReplayLine() {
        RunReport report = run(context -> {
            throw new IllegalStateException("driver error 700");
        });
        assertTrue(report.failed());
        assertTrue(report.text().contains("driver error 700"), report::text);
        assertTrue(
                report.text().contains("-Dfiligree.kit.case='required_R201_denseMatchesReference/Op'"), report::text);
    }

    @Test
    void unknownTiersAreRefused() {
        var refused = assertThrows(IllegalArgumentException.class, () -> KitOptions.tier("fast"));
        assertEquals("filigree.kit.tier must be smoke, core or full, not fast", refused.getMessage());
    }
}
