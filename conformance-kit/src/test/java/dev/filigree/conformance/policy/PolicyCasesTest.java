package dev.filigree.conformance.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.mutant.SelectionDefect;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import dev.filigree.conformance.run.Oracle;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Policies are certified, and those with a defect are not. */
class PolicyCasesTest {

    private static List<CaseResult> run(PolicySetting setting, dev.filigree.api.backend.BackendProvider provider) {
        try (ConformanceRunner runner = new ConformanceRunner(provider, Oracle.find())) {
            return PolicyCases.cases(List.of(setting)).stream()
                    .map(one -> runner.run(new Execution(one, one.seed())))
                    .toList();
        }
    }

    @TestFactory
    Stream<DynamicTest> builtInPoliciesAreCertified() {
        return Stream.of(
                        "dense:mass>=0.999:recall>=1",
                        PolicyMutants.STREAMING,
                        "xattention:threshold=0.9:stride=4:blockSize=16:residues=alternating:mass>=0.8:recall>=0.5",
                        PolicyMutants.LSERVE + ":mass>=0.4:recall>=1",
                        "phases",
                        "layers")
                .map(text -> DynamicTest.dynamicTest(text, () -> {
                    for (CaseResult result : run(PolicySetting.parse(text), Oracle.find())) {
                        assertTrue(
                                result.status() == Status.PASSED
                                        || result.status() == Status.UNSUPPORTED
                                                && result.executed().rule() == Rule.R1206,
                                () -> result.executed().id() + ": " + result.message());
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> everyMutantIsFoundByItsRule() {
        return PolicyMutants.all().stream()
                .map(mutant -> DynamicTest.dynamicTest(mutant.toString(), () -> mustBeFound(mutant)));
    }

    private static void mustBeFound(PolicyMutant mutant) {
        StringBuilder seen = new StringBuilder();
        try (ConformanceRunner runner = new ConformanceRunner(Oracle.find(), Oracle.find())) {
            for (ConformanceCase one : PolicyCases.cases(List.of(mutant.defective()))) {
                if (one.rule() == mutant.rule()) {
                    CaseResult result = runner.run(new Execution(one, one.seed()));
                    if (result.status() == Status.FAILED) {
                        return;
                    }
                    seen.append(one.id())
                            .append(": ")
                            .append(result.status())
                            .append(' ')
                            .append(result.message());
                }
            }
        }
        fail("not found: " + mutant + "; seen: " + seen);
    }

    @Test
    void aBackendThatChoosesLessIsFound() {
        List<CaseResult> results = run(PolicySetting.parse(PolicyMutants.LSERVE), SelectionDefect.halfTheBudget());
        assertTrue(
                results.stream()
                        .anyMatch(result -> result.status() == Status.FAILED
                                && result.executed().rule() == Rule.R1210),
                results::toString);
    }

    @Test
    void figuresAreLeftInTheReport() {
        Optional<CaseResult> mass = run(PolicySetting.parse("dense"), Oracle.find()).stream()
                .filter(result -> result.executed().rule() == Rule.R1208)
                .findFirst();
        assertEquals(
                "mass least 1.000, mean 1.000; recall 1.000", mass.orElseThrow().message());
    }

    @Test
    void settingsAreReadAndRefused() {
        PolicySetting setting = PolicySetting.parse("lserve:budget=64:mass>=0.5:recall>=1");
        assertEquals("64", setting.given().get("budget"));
        assertEquals(List.of(0.5, 1.0), List.of(setting.massFloor(), setting.recallFloor()));
        assertTrue(refusal("none").startsWith("no attention policy none is installed; found are [dense, "));
        assertTrue(refusal("dense:x=1").startsWith("policy dense has options "));
        assertEquals("policy duoattention needs the option gates", refusal("duoattention"));
        assertEquals("a floor must be a number from 0 to 1, not 2", refusal("dense:mass>=2"));
        assertTrue(refusal("dense:x").startsWith("a policy must be NAME:KEY=VALUE"));
        assertNotEquals(
                PolicySetting.parse("layers").policy().kvNeeds(PolicyLayer.GEOMETRY),
                PolicySetting.parse("layers:ranges=0@streaming+1@dense")
                        .policy()
                        .kvNeeds(PolicyLayer.GEOMETRY));
        PolicySetting many = PolicySetting.parse("streaming:sink=many");
        assertEquals(
                "option sink must be a whole number, not 'many'",
                assertThrows(IllegalArgumentException.class, many::policy).getMessage());
        PolicySetting unnamed = PolicySetting.parse("layers:ranges=streaming");
        assertThrows(IllegalArgumentException.class, unnamed::policy);
    }

    /** Options that do not fit the kit's small model are wrong use, and no fault of the policy. */
    @Test
    void optionsThatTheModelCannotServeAreRefusedBeforeAnyCase() {
        PolicyCases.requirePlanned(PolicySetting.parse("lserve:budget=64:sink=8:logicalPageSize=4"));
        PolicySetting small = PolicySetting.parse("lserve:budget=16");
        assertTrue(assertThrows(PolicyRefusal.class, () -> PolicyCases.requirePlanned(small))
                .getMessage()
                .startsWith("lserve: budget must hold"));
    }

    private static String refusal(String text) {
        return assertThrows(IllegalArgumentException.class, () -> PolicySetting.parse(text))
                .getMessage();
    }
}
