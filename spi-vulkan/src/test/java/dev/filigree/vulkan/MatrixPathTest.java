package dev.filigree.vulkan;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.report.RunReport;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.KitOptions;
import dev.filigree.conformance.run.Oracle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The shaders over matrices pass the kit with their fragments emulated, since lavapipe has none: tiles, masks, lists and edges are
 * theirs; what the hardware makes of a fragment is not tested here.
 */
class MatrixPathTest {
    /** Each case has pipelines of its own, which lavapipe compiles for seconds: other cases in every run. */
    private static final int CASES = 12;

    /** The split of paged attention, which hardware alone takes, has the largest shader. */
    private static final int PAGED_CASES = 4;

    @ParameterizedTest
    @ValueSource(strings = {"/Linear/", "/DenseAttention/", "/PagedAttention/"})
    void passesTheKit(String op) {
        int seed = new Random().nextInt(Integer.MAX_VALUE);
        KitOptions options = new KitOptions(Tier.CORE, Optional.of(op), OptionalLong.empty(), seed);
        List<ConformanceRunner.Execution> executions =
                new ArrayList<>(ConformanceRunner.plan(Catalog.all(), options).stream()
                        .filter(e -> e.executed().tier() != Tier.FULL)
                        .filter(e -> op.contains("Paged") || e.executed().id().contains("f16"))
                        .toList());
        int cases = op.contains("Paged") ? PAGED_CASES : CASES;
        assertTrue(executions.size() > cases, () -> op + " has " + executions.size() + " cases");
        Collections.shuffle(executions, new Random(seed));
        try (ConformanceRunner runner = new ConformanceRunner(
                new VulkanBackendProvider(1, true, VulkanBackendProvider.SLICE_OPERATIONS), Oracle.find())) {
            RunReport report = new RunReport("vulkan with emulated matrices", seed);
            executions.subList(0, cases).forEach(execution -> report.add(runner.run(execution)));
            assertFalse(report.failed(), report::text);
        }
    }
}
