package dev.filigree.policies.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.kvcache.KVCachePolicy;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.policies.config.RunConfig;
import dev.filigree.policies.registry.PolicyRegistry;
import dev.filigree.policies.registry.SectionOptions;
import jakarta.inject.Singleton;

/** Binds the three policies of a config, the config itself and the registry. */
public final class PolicyModule extends AbstractModule {
    private final RunConfig config;
    private final PolicyRegistry registry;

    /** Policies of a config, made by the providers of a registry. */
    public PolicyModule(RunConfig config, PolicyRegistry registry) {
        this.config = config;
        this.registry = registry;
    }

    @Override
    protected void configure() {
        bind(RunConfig.class).toInstance(config);
        bind(PolicyRegistry.class).toInstance(registry);
    }

    @Provides
    @Singleton
    AttentionPolicy attentionPolicy() {
        return SectionOptions.create(config.attention(), registry, AttentionPolicy.class);
    }

    @Provides
    @Singleton
    KVCachePolicy kvCachePolicy() {
        return SectionOptions.create(config.kvCache(), registry, KVCachePolicy.class);
    }

    @Provides
    @Singleton
    QuantizedLinear quantizedLinear() {
        return SectionOptions.create(config.linear(), registry, QuantizedLinear.class);
    }
}
