package dev.filigree.host.wiring;

import com.google.inject.Guice;
import com.google.inject.Stage;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.policies.config.RunConfig;
import dev.filigree.policies.registry.PolicyRegistry;
import dev.filigree.policies.wiring.PolicyModule;

/** Turns a run config into what an engine is made of. */
public final class EngineParts {
    private EngineParts() {}

    /**
     * The engine's config of a run config, with the installed policies.
     *
     * @throws dev.filigree.api.policy.PolicyRefusal if a policy cannot be made of its options
     */
    public static EngineConfig of(RunConfig config, BackendSelector backends) {
        return Guice.createInjector(
                        Stage.DEVELOPMENT,
                        new PolicyModule(config, PolicyRegistry.installed()),
                        new EngineModule(backends))
                .getInstance(EngineConfig.class);
    }
}
