package dev.filigree.policies.phases;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import java.util.List;

/** Makes {@link PhasesPolicy} known. */
public final class PhasesProvider implements AttentionPolicyProvider {

    @Override
    public String name() {
        return PhasesPolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "one policy for prefill, another for decode";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(
                OptionSpec.policy("prefill", "dense", "plans prompt chunks"),
                OptionSpec.policy("decode", "dense", "plans decode steps"));
    }

    @Override
    public AttentionPolicy create(PolicyOptions options) {
        return new PhasesPolicy(
                options.policy("prefill", AttentionPolicy.class), options.policy("decode", AttentionPolicy.class));
    }
}
