package dev.filigree.policies.svdquant;

import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.QuantizedLinearProvider;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.lowbit.LowBitLinearPolicy;
import java.util.List;
import java.util.Set;

/** Makes SVDQuant known: INT4 in groups of 64 or NVFP4 on both sides, and the low-rank branch a layer is stored with. */
public final class SvdQuantProvider implements QuantizedLinearProvider {
    /** The name in configs. */
    public static final String NAME = "svdquant";

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
        return "4-bit weights and activations, smoothed, beside a low-rank branch at 16 bits";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of();
    }

    @Override
    public QuantizedLinear create(PolicyOptions options) {
        return new LowBitLinearPolicy(NAME, Set.of(DType.I4, DType.E2M1), LowBitLinearPolicy.Activations.AS_WEIGHT);
    }
}
