package dev.filigree.host.diffusion;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.config.AdapterConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a painter is made of.
 *
 * @param checkpoint folder of the model
 * @param attention what each head of the self-attention computes
 * @param linear how linear layers are stored and computed
 * @param adapters what is attached to linear layers
 * @param activations dtype between ops
 * @param steps of the sampler; the model's own number if absent
 * @param guidance factor between the empty caption's velocity and the caption's; the model's own if absent; 1 leaves the
 *     empty caption out
 * @param batch pictures painted together
 * @param backend which backend is asked for
 */
public record PainterConfig(
        Path checkpoint,
        AttentionPolicy attention,
        QuantizedLinear linear,
        List<AdapterConfig> adapters,
        DType activations,
        OptionalInt steps,
        OptionalDouble guidance,
        int batch,
        BackendRequest backend) {

    /** Checks the numbers. */
    public PainterConfig {
        adapters = List.copyOf(adapters);
        if (batch < 1 || steps.orElse(1) < 1 || !(Math.abs(guidance.orElse(1)) <= 1000)) {
            throw new IllegalArgumentException(
                    "painting needs 1 or more pictures and steps and a guidance of at most 1000, not " + batch + ", "
                            + steps + " and " + guidance);
        }
    }

    /** A config without adapters. */
    public PainterConfig(
            Path checkpoint,
            AttentionPolicy attention,
            QuantizedLinear linear,
            DType activations,
            OptionalInt steps,
            OptionalDouble guidance,
            int batch,
            BackendRequest backend) {
        this(checkpoint, attention, linear, List.of(), activations, steps, guidance, batch, backend);
    }
}
