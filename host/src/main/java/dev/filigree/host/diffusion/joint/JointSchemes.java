package dev.filigree.host.diffusion.joint;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.lowbit.LowBitLinearPolicy;
import dev.filigree.policies.lowbit.LowBitLinearPolicy.Activations;
import dev.filigree.policies.plain.PlainLinear;
import java.util.Optional;
import java.util.Set;

/**
 * How the linears of a block are stored and computed.
 *
 * @param layers projections and MLPs
 * @param layer how each of them is stored; absent: as bf16
 * @param layerShift added to what stands behind a GELU
 * @param modulation the linears that make shift, scale and gate
 * @param modulated how each of those is stored; absent: as bf16
 */
public record JointSchemes(
        QuantizedLinear layers,
        Optional<LinearStorage> layer,
        float layerShift,
        QuantizedLinear modulation,
        Optional<LinearStorage> modulated) {

    /** Everything in bf16. */
    public static JointSchemes bf16() {
        return new JointSchemes(new PlainLinear(), Optional.empty(), 0, new PlainLinear(), Optional.empty());
    }

    /** As the published checkpoints: W4A4 with a branch, and W4A16 where modulation is made (SVDQuant section 4). */
    public static JointSchemes svdquant(int rank) {
        LinearStorage layer = new LinearStorage(
                new QuantFormat(DType.I4, 64, DType.BF16),
                Optional.empty(),
                Optional.empty(),
                Optional.of(DType.BF16),
                Optional.of(DType.BF16),
                0,
                rank,
                DType.BF16);
        LinearStorage modulated = new LinearStorage(
                new QuantFormat(DType.U4, 64, DType.BF16),
                Optional.of(DType.BF16),
                Optional.empty(),
                Optional.of(DType.BF16),
                Optional.empty(),
                0,
                0,
                DType.BF16);
        return new JointSchemes(
                new LowBitLinearPolicy("svdquant", Set.of(DType.I4), Activations.AS_WEIGHT),
                Optional.of(layer),
                0.171875f,
                new LowBitLinearPolicy("w4a16", Set.of(DType.U4), Activations.FLOAT),
                Optional.of(modulated));
    }
}
