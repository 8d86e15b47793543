package dev.filigree.conformance.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.rule.Area;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ProfileTest {
    private static final List<ConformanceCase> ALL = Catalog.all();

    private static Set<Rule> rules(Profile profile) {
        return profile.of(ALL).stream().map(ConformanceCase::rule).collect(Collectors.toSet());
    }

    @Test
    void everyProfileJudgesTheContract() {
        for (Profile profile : Profile.values()) {
            if (profile == Profile.POLICIES) {
                continue;
            }
            assertTrue(rules(profile).containsAll(Set.of(Rule.R1102, Rule.R1004, Rule.R106)), profile::id);
        }
    }

    @Test
    void fullIsEverything() {
        assertEquals(ALL, Profile.FULL.of(ALL));
    }

    @Test
    void profilesHoldTheRulesTheyAreNamedFor() {
        assertTrue(rules(Profile.ATTENTION_CORE).containsAll(Set.of(Rule.R201, Rule.R221, Rule.R502)));
        assertTrue(rules(Profile.SPARSE).containsAll(Set.of(Rule.R301, Rule.R405, Rule.R602, Rule.R608, Rule.R615)));
        assertTrue(rules(Profile.KV_CORE).containsAll(Set.of(Rule.R402, Rule.R703, Rule.R711, Rule.R712)));
        assertTrue(rules(Profile.QUANT_LINEAR).containsAll(Set.of(Rule.R811, Rule.R814, Rule.R815, Rule.R816)));
        assertFalse(rules(Profile.ATTENTION_CORE).stream().anyMatch(rule -> rule.area() == Area.SELECTION));
    }

    @Test
    void quantizedPagesArePartOfOneCacheProfileOnly() {
        for (ConformanceCase one : ALL) {
            String storage = one.params().values().getOrDefault("storage", "");
            if (storage.contains("int") && one.op().startsWith("Kv")) {
                assertTrue(Profile.KV_QUANTIZED.holds(one), one::id);
                assertFalse(Profile.KV_CORE.holds(one), one::id);
            }
        }
        assertTrue(rules(Profile.KV_QUANTIZED).containsAll(Set.of(Rule.R407, Rule.R707)));
    }

    @Test
    void everyOpIsInAProfileThatIsNotFull() {
        Set<String> transformer = Set.of(
                "Embedding", "RmsNorm", "LayerNorm", "Rope", "SwiGlu", "Gelu", "Add", "Modulate", "Argmax", "Sample");
        for (ConformanceCase one : ALL) {
            boolean small =
                    Arrays.stream(Profile.values()).anyMatch(profile -> profile != Profile.FULL && profile.holds(one));
            assertTrue(small || transformer.contains(one.op()), one::id);
        }
    }

    @Test
    void unknownProfilesAreRefused() {
        var refused = assertThrows(IllegalArgumentException.class, () -> Profile.of("everything"));
        assertEquals(
                "profile must be one of attention-core, sparse, kv-core, kv-quantized, quant-linear, policies, full, not everything",
                refused.getMessage());
    }
}
