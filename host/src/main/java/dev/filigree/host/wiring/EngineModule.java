package dev.filigree.host.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.kvcache.KVCachePolicy;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.policies.config.RunConfig;

/** Binds the engine's config, made of the policies that a run config names, and the selector of its backend. */
public final class EngineModule extends AbstractModule {
    private final BackendSelector backends;

    /** Bindings that choose among the given backends. */
    public EngineModule(BackendSelector backends) {
        this.backends = backends;
    }

    @Override
    protected void configure() {
        bind(BackendSelector.class).toInstance(backends);
    }

    @Provides
    EngineConfig engineConfig(
            RunConfig config, AttentionPolicy attention, KVCachePolicy kvCache, QuantizedLinear linear) {
        return new EngineConfig(
                config.model(),
                config.keySmoothing(),
                attention,
                kvCache,
                linear,
                config.adapters(),
                config.compute(),
                config.limits().maxContext(),
                config.limits().maxSeqs(),
                config.limits().prefillChunk(),
                config.limits().kvBudgetBytes(),
                config.limits().swapBudgetBytes(),
                config.limits().prefixCache(),
                config.backend());
    }
}
