package dev.filigree.conformance.mutant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.policy.PolicyMutants;
import dev.filigree.conformance.rule.Area;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.Oracle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The kit tests itself: each defective backend must be found, and by the rule that names its defect. */
class KitRejectsMutantsTest {
    private static final List<ConformanceCase> CASES =
            Catalog.all().stream().filter(one -> one.tier() != Tier.FULL).toList();

    @TestFactory
    Stream<DynamicTest> everyMutantIsFoundByItsRule() {
        return Mutants.all().stream()
                .map(mutant -> DynamicTest.dynamicTest(mutant.toString(), () -> mustBeFound(mutant)));
    }

    private static void mustBeFound(Mutant mutant) {
        List<String> seen = new ArrayList<>();
        try (ConformanceRunner runner = new ConformanceRunner(mutant.defect().apply(Oracle.find()), Oracle.find())) {
            for (ConformanceCase one : CASES) {
                if (one.rules().contains(mutant.rule())) {
                    CaseResult result = runner.run(new ConformanceRunner.Execution(one, one.seed()));
                    if (result.brokenRule().filter(mutant.rule()::equals).isPresent()) {
                        return;
                    }
                    seen.add(one.id() + ": " + result.status() + " " + result.message());
                }
            }
        }
        fail("no case of " + mutant.rule() + " fails for \"" + mutant.name() + "\"; seen: "
                + seen.stream().limit(5).collect(Collectors.joining("\n  ")));
    }

    @Test
    void everyAreaHasMutants() {
        Set<Area> areas = new HashSet<>();
        Mutants.all().forEach(mutant -> areas.add(mutant.rule().area()));
        PolicyMutants.all().forEach(mutant -> areas.add(mutant.rule().area()));
        assertEquals(Set.of(Area.values()), areas);
    }

    @Test
    void mutantsHaveDistinctNames() {
        Set<String> names = new HashSet<>();
        Mutants.all().forEach(mutant -> assertTrue(names.add(mutant.name()), mutant::name));
    }

    @Test
    void everyTestedRuleHasCases() {
        Set<Rule> judged = CASES.stream().flatMap(one -> one.rules().stream()).collect(Collectors.toSet());
        List<Rule> idle = Arrays.stream(Rule.values())
                .filter(rule -> rule.level() != dev.filigree.conformance.rule.Level.UNTESTED)
                .filter(rule -> rule.area() != Area.POLICY)
                .filter(rule -> !judged.contains(rule) && rule != Rule.R1006)
                .toList();
        assertEquals(List.of(), idle, "rules without a case; R1006 has its case in the full tier");
    }
}
