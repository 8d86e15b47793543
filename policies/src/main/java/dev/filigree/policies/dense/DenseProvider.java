package dev.filigree.policies.dense;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import java.util.List;

/** Makes {@link DensePolicy} known. */
public final class DenseProvider implements AttentionPolicyProvider {

    @Override
    public String name() {
        return DensePolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "every head sees everything its mask allows";
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
