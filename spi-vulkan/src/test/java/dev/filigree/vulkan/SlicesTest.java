package dev.filigree.vulkan;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.report.RunReport;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.KitOptions;
import dev.filigree.conformance.run.Oracle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Launches cut into slices of a few work groups give what whole ones give. */
class SlicesTest {
    private static final long FEW_OPERATIONS = 20_000;

    @ParameterizedTest
    @ValueSource(strings = {"/DenseAttention/", "/PagedAttention/", "/AntidiagonalScore/", "/LowBitLinear/"})
    void passTheKit(String op) {
        int seed = new Random().nextInt(Integer.MAX_VALUE);
        KitOptions options = new KitOptions(Tier.SMOKE, Optional.of(op), OptionalLong.empty(), seed);
        List<ConformanceRunner.Execution> executions = ConformanceRunner.plan(Catalog.all(), options).stream()
                .filter(e -> e.executed().tier() == Tier.SMOKE)
                .limit(4)
                .toList();
        assertTrue(executions.size() > 1, op);
        var provider = new VulkanBackendProvider(1, false, FEW_OPERATIONS);
        try (ConformanceRunner runner = new ConformanceRunner(provider, Oracle.find())) {
            RunReport report = new RunReport("vulkan in slices", seed);
            executions.forEach(execution -> report.add(runner.run(execution)));
            assertFalse(report.failed(), report::text);
        }
    }
}
