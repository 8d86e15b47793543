package dev.filigree.policies.plain;

import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.QuantizedLinearProvider;
import java.util.List;

/** Makes {@link PlainLinear} known. */
public final class PlainProvider implements QuantizedLinearProvider {

    @Override
    public String name() {
        return PlainLinear.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "weights as the checkpoint stores them, 16 or 32 bits";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of();
    }

    @Override
    public QuantizedLinear create(PolicyOptions options) {
        return new PlainLinear();
    }
}
