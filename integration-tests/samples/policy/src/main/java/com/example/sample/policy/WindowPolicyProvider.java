package com.example.sample.policy;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import java.util.List;

/** Makes {@link WindowPolicy} known. */
public final class WindowPolicyProvider implements AttentionPolicyProvider {
    private static final int MAX_TOKENS = 1 << 24;

    @Override
    public String name() {
        return WindowPolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return SPI_VERSION;
    }

    @Override
    public String summary() {
        return "lower layers see the first and the last tokens, the upper ones everything";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(
                OptionSpec.integer("sink", 4, 0, MAX_TOKENS, "first tokens that every query sees"),
                OptionSpec.integer("recent", 256, 1, MAX_TOKENS, "last tokens a query sees, its own included"),
                OptionSpec.integer("denseLayers", 3, 0, 1024, "layers from the top that see everything"));
    }

    @Override
    public AttentionPolicy create(PolicyOptions options) {
        return new WindowPolicy(
                Math.toIntExact(options.integer("sink")),
                Math.toIntExact(options.integer("recent")),
                Math.toIntExact(options.integer("denseLayers")));
    }
}
