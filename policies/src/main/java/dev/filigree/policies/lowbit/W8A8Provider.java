package dev.filigree.policies.lowbit;

import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.QuantizedLinearProvider;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Set;

/** Makes 8-bit weights with 8-bit activations known. */
public final class W8A8Provider implements QuantizedLinearProvider {
    /** The name in configs. */
    public static final String NAME = "w8a8";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "8-bit weights, one scale per channel, and 8-bit activations, one scale per token";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of();
    }

    @Override
    public QuantizedLinear create(PolicyOptions options) {
        return new LowBitLinearPolicy(NAME, Set.of(DType.I8), LowBitLinearPolicy.Activations.INT8);
    }
}
