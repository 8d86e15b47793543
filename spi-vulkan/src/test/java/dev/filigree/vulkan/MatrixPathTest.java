package dev.filigree.vulkan;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.report.RunReport;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.KitOptions;
import dev.filigree.cpu.reference.ReferenceBackendProvider;
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
    @ParameterizedTest
    @ValueSource(strings = {"/Linear/", "/DenseAttention/", "/BlockSparseAttention/"})
    void passesTheKit(String op) {
        KitOptions options = new KitOptions(
                Tier.CORE, Optional.of(op), OptionalLong.empty(), new Random().nextInt(Integer.MAX_VALUE));
        try (ConformanceRunner runner =
                new ConformanceRunner(new VulkanBackendProvider(1, true), new ReferenceBackendProvider())) {
            RunReport report = new RunReport("vulkan with emulated matrices", options.freshSeed());
            List<ConformanceRunner.Execution> executions = ConformanceRunner.plan(Catalog.all(), options).stream()
                    .filter(e -> e.executed().tier() != Tier.FULL)
                    .toList();
            assertTrue(executions.size() > 10, () -> op + " has " + executions.size() + " cases");
            executions.forEach(execution -> report.add(runner.run(execution)));
            assertFalse(report.failed(), report::text);
        }
    }
}
