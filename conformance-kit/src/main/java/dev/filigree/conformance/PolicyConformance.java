package dev.filigree.conformance;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.conformance.policy.PolicyCases;
import dev.filigree.conformance.policy.PolicySetting;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import dev.filigree.conformance.run.Oracle;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Certifies an attention policy: extend this class, return the provider and its settings, run it with JUnit 5. Every test is
 * named after its rule in {@code docs/conformance.md}; the policies on the class or module path are composed with it.
 */
public abstract class PolicyConformance {

    /** Makes the policy. */
    protected abstract AttentionPolicyProvider provider();

    /**
     * What to certify, as {@link PolicySetting#parse} reads it, such as {@code window:recent=24:mass>=0.3}. Contexts reach
     * 211 tokens, so choose windows and budgets below that.
     */
    protected abstract List<String> settings();

    /** The backend to certify on; by default the reference. */
    protected BackendProvider backend() {
        return Oracle.find();
    }

    /** All rules, with the fixed seed. */
    @TestFactory
    Stream<DynamicNode> certification() {
        List<PolicySetting> settings = new ArrayList<>();
        settings().forEach(text -> settings.add(PolicySetting.parse(text, List.of(provider()))));
        return PolicyCases.cases(settings).stream()
                .map(one -> DynamicTest.dynamicTest(one.id(), () -> run(new Execution(one, one.seed()))));
    }

    private void run(Execution execution) {
        try (ConformanceRunner runner = new ConformanceRunner(backend(), Oracle.find())) {
            CaseResult result = runner.run(execution);
            switch (result.status()) {
                case PASSED -> {}
                case UNSUPPORTED -> Assumptions.abort(result.message());
                case FAILED -> Assertions.fail(result.message());
            }
        }
    }
}
