package dev.filigree.policies.lowbit;

import dev.filigree.api.tensor.DType;
import java.util.Set;

/** Makes 8-bit weights with 8-bit activations known. */
public final class W8A8Provider extends LowBitProvider {
    /** The name in configs. */
    public static final String NAME = "w8a8";

    /** The scheme. */
    public W8A8Provider() {
        super(
                NAME,
                "8-bit weights, one scale per channel, and 8-bit activations, one scale per token",
                Set.of(DType.I8),
                LowBitLinearPolicy.Activations.INT8);
    }
}
