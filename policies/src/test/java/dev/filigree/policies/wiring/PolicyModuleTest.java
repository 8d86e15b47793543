package dev.filigree.policies.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.google.inject.Guice;
import com.google.inject.Injector;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.kvcache.KVCachePolicy;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import dev.filigree.policies.layers.LayersPolicy;
import dev.filigree.policies.paged.PagedPolicy;
import dev.filigree.policies.plain.PlainLinear;
import dev.filigree.policies.registry.PolicyRegistry;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a config names is what gets injected. */
class PolicyModuleTest {
    @Test
    void bindsThePoliciesOfAConfig() {
        PolicyRegistry registry = PolicyRegistry.installed();
        RunConfig config = new ConfigReader(registry, List.of())
                .readFile(Path.of("src", "test", "resources", "config", "whole.yaml"));
        Injector injector = Guice.createInjector(new PolicyModule(config, registry));
        assertInstanceOf(LayersPolicy.class, injector.getInstance(AttentionPolicy.class));
        assertInstanceOf(PagedPolicy.class, injector.getInstance(KVCachePolicy.class));
        assertInstanceOf(PlainLinear.class, injector.getInstance(QuantizedLinear.class));
        assertSame(injector.getInstance(AttentionPolicy.class), injector.getInstance(AttentionPolicy.class));
        assertEquals(config, injector.getInstance(RunConfig.class));
    }
}
