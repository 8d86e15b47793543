package dev.filigree.policies.lowbit;

import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.QuantizedLinearProvider;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Set;

/** Makes 4-bit weights with 8-bit activations known: per channel, per group, or SVDQuant storage. */
public final class W4A8Provider implements QuantizedLinearProvider {
    /** The name in configs. */
    public static final String NAME = "w4a8";

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
        return "4-bit weights with 8-bit activations, one scale per token";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of();
    }

    @Override
    public QuantizedLinear create(PolicyOptions options) {
        return new LowBitLinearPolicy(
                NAME, Set.of(DType.I4, DType.U4, DType.E2M1), LowBitLinearPolicy.Activations.INT8);
    }
}
