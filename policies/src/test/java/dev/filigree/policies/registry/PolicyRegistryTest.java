package dev.filigree.policies.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.dense.DenseProvider;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Providers are found by kind and name; what cannot be offered says why. */
class PolicyRegistryTest {
    private record Foreign(String name, int spiVersion) implements AttentionPolicyProvider {
        @Override
        public String summary() {
            return "from elsewhere";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of();
        }

        @Override
        public AttentionPolicy create(PolicyOptions options) {
            return new DensePolicy();
        }
    }

    @Test
    void findsTheBuiltInPolicies() {
        PolicyRegistry registry = PolicyRegistry.installed();
        assertTrue(registry.names(PolicyKind.ATTENTION).containsAll(List.of("dense", "streaming", "layers", "phases")));
        assertTrue(registry.names(PolicyKind.KV_CACHE).contains("paged"));
        assertTrue(registry.names(PolicyKind.LINEAR).contains("plain"));
        assertEquals(List.of(), registry.refused());
    }

    @Test
    void servicesOfTheModuleAndOfTheClassPathAreTheSame() throws IOException {
        PolicyRegistry registry = PolicyRegistry.of(getClass().getClassLoader());
        for (PolicyKind kind : PolicyKind.values()) {
            assertEquals(PolicyRegistry.installed().names(kind), registry.names(kind));
        }
    }

    @Test
    void anotherVersionAndASecondNameAreRefusedWithReasons() {
        PolicyRegistry registry =
                new PolicyRegistry(List.of(new DenseProvider(), new Foreign("dense", 1), new Foreign("future", 2)));
        assertEquals(Set.of("dense"), registry.names(PolicyKind.ATTENTION));
        assertEquals(2, registry.refused().size());
        assertTrue(registry.refused().get(0).contains("has the name of"), registry.refused()::toString);
        assertTrue(registry.refused().get(1).endsWith("was built for SPI version 2, this is 1"));
    }

    @Test
    void aBrokenJarDoesNotHideTheOthers(@TempDir Path folder) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve(AttentionPolicyProvider.class.getName()), "no.such.Provider\n");
        try (URLClassLoader loader = new URLClassLoader(
                new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
            PolicyRegistry registry = PolicyRegistry.of(loader);
            assertTrue(registry.names(PolicyKind.ATTENTION).contains("dense"));
            assertEquals(1, registry.refused().size());
            assertTrue(registry.refused().getFirst().contains("no.such.Provider"), registry.refused()::toString);
        }
    }

    @Test
    void optionsOfAnotherTypeAreADefectOfTheProvider() {
        PolicySection section = new PolicySection(
                "attention", PolicyKind.ATTENTION, "mine", Map.of("sink", new OptionValue.Whole(3)), Set.of());
        List<Exception> thrown = new java.util.ArrayList<>();
        AttentionPolicyProvider mine = new AttentionPolicyProvider() {
            @Override
            public String name() {
                return "mine";
            }

            @Override
            public int spiVersion() {
                return SPI_VERSION;
            }

            @Override
            public String summary() {
                return "asks wrongly";
            }

            @Override
            public List<OptionSpec> options() {
                return List.of();
            }

            @Override
            public AttentionPolicy create(PolicyOptions options) {
                assertEquals(3, options.integer("sink"));
                assertEquals(3.0, options.number("sink"));
                thrown.add(assertThrows(IllegalArgumentException.class, () -> options.text("sink")));
                thrown.add(assertThrows(IllegalArgumentException.class, () -> options.integer("none")));
                return new DensePolicy();
            }
        };
        SectionOptions.create(section, new PolicyRegistry(List.of(mine)), AttentionPolicy.class);
        assertEquals(2, thrown.size());
    }
}
