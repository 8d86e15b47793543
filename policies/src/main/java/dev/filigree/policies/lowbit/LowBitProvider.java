package dev.filigree.policies.lowbit;

import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.QuantizedLinearProvider;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Set;

/** Makes a low-bit scheme known: weights of some formats, and what becomes of activations. None has options. */
public abstract class LowBitProvider implements QuantizedLinearProvider {
    private final String name;
    private final String summary;
    private final Set<DType> weights;
    private final LowBitLinearPolicy.Activations activations;

    /**
     * A scheme.
     *
     * @param name in configs
     * @param summary for people
     * @param weights formats of stored weights that it takes
     * @param activations how activations are stored
     */
    protected LowBitProvider(
            String name, String summary, Set<DType> weights, LowBitLinearPolicy.Activations activations) {
        this.name = name;
        this.summary = summary;
        this.weights = Set.copyOf(weights);
        this.activations = activations;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public final String summary() {
        return summary;
    }

    @Override
    public final List<OptionSpec> options() {
        return List.of();
    }

    @Override
    public final QuantizedLinear create(PolicyOptions options) {
        return new LowBitLinearPolicy(name, weights, activations);
    }
}
