package dev.filigree.policies.lowbit;

import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.QuantizedLinearProvider;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Set;

/** Makes low-bit weights with 16- or 32-bit activations known. */
public final class W4A16Provider implements QuantizedLinearProvider {
    /** The name in configs. */
    public static final String NAME = "w4a16";

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
        return "4- or 8-bit weights with activations as they are";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of();
    }

    @Override
    public QuantizedLinear create(PolicyOptions options) {
        return new LowBitLinearPolicy(
                NAME, Set.of(DType.I4, DType.U4, DType.E2M1, DType.I8), LowBitLinearPolicy.Activations.FLOAT);
    }
}
