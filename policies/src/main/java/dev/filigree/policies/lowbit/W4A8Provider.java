package dev.filigree.policies.lowbit;

import dev.filigree.api.tensor.DType;
import java.util.Set;

/** Makes 4-bit weights with 8-bit activations known: per channel, per group, or SVDQuant storage. */
public final class W4A8Provider extends LowBitProvider {
    /** The name in configs. */
    public static final String NAME = "w4a8";

    /** The scheme. */
    public W4A8Provider() {
        super(
                NAME,
                "4-bit weights with 8-bit activations, one scale per token",
                Set.of(DType.I4, DType.U4, DType.E2M1),
                LowBitLinearPolicy.Activations.INT8);
    }
}
