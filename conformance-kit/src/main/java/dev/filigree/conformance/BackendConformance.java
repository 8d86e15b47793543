package dev.filigree.conformance;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.report.RunReport;
import dev.filigree.conformance.rule.Level;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.KitOptions;
import dev.filigree.conformance.run.Oracle;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Proves a backend: extend this class, return the provider, run it with JUnit 5.
 *
 * <p>Every test is named after its rule in {@code docs/conformance.md}. Plans that the backend says it does not run
 * are aborted tests with the reasons, not failures; a run in which nothing was executed fails. Options are system
 * properties, see {@link KitOptions}.
 */
public abstract class BackendConformance {

    /** The backend to prove. */
    protected abstract BackendProvider provider();

    /** The reference backend; by default the installed provider named {@value Oracle#NAME}. */
    protected BackendProvider oracle() {
        return Oracle.find();
    }

    /** All cases of the tier, grouped by op. */
    @TestFactory
    Stream<DynamicNode> conformance() {
        BackendProvider provider = provider();
        if (BackendSelector.probe(provider) instanceof Probe.Unavailable(var reasons)) {
            return Stream.of(DynamicTest.dynamicTest(
                    provider.name(),
                    () -> Assumptions.abort("backend " + provider.name() + " is unavailable: " + reasons)));
        }
        KitOptions options = KitOptions.fromProperties();
        ConformanceRunner runner = new ConformanceRunner(provider, oracle());
        RunReport report =
                new RunReport(provider.name() + " on " + runner.backend().device(), options.freshSeed());
        Map<String, List<DynamicTest>> byOp = ConformanceRunner.plan(Catalog.all(), options).stream()
                .collect(Collectors.groupingBy(
                        execution -> execution.executed().op(),
                        LinkedHashMap::new,
                        Collectors.mapping(execution -> test(runner, report, execution), Collectors.toList())));
        Stream<DynamicNode> ops = byOp.entrySet().stream()
                .map(entry -> DynamicContainer.dynamicContainer(entry.getKey(), entry.getValue()));
        Stream<DynamicNode> rest = Stream.of(
                DynamicContainer.dynamicContainer("untested", untested()),
                DynamicTest.dynamicTest("required_somethingWasExecuted", () -> finish(runner, report)));
        return Stream.concat(ops, rest);
    }

    private static DynamicTest test(ConformanceRunner runner, RunReport report, ConformanceRunner.Execution execution) {
        boolean fixed = execution.seed() == execution.executed().seed();
        String name = execution.executed().id() + (fixed ? "" : "@" + execution.seed());
        return DynamicTest.dynamicTest(name, () -> {
            CaseResult result = runner.run(execution);
            report.add(result);
            boolean binding = result.brokenRule().map(Rule::level).orElse(Level.REQUIRED) == Level.REQUIRED;
            switch (result.status()) {
                case PASSED -> {}
                case UNSUPPORTED -> Assumptions.abort(result.message());
                case FAILED -> {
                    String message = result.message() + System.lineSeparator() + "again: " + result.replay();
                    Assumptions.assumeTrue(binding, message);
                    Assertions.fail(message);
                }
            }
        });
    }

    private static List<DynamicTest> untested() {
        return Arrays.stream(Rule.values())
                .filter(rule -> rule.level() == Level.UNTESTED)
                .map(rule -> DynamicTest.dynamicTest(
                        rule.testName(), () -> Assumptions.abort("no test can decide this rule")))
                .toList();
    }

    private static void finish(ConformanceRunner runner, RunReport report) {
        runner.close();
        System.out.print(report.text());
        Assertions.assertTrue(report.executed() > 0, "no case was executed, so nothing was shown");
    }
}
