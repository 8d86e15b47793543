package dev.filigree.policies.lowbit;

import dev.filigree.api.tensor.DType;
import java.util.Set;

/** Makes low-bit weights with 16- or 32-bit activations known. */
public final class W4A16Provider extends LowBitProvider {
    /** The name in configs. */
    public static final String NAME = "w4a16";

    /** The scheme. */
    public W4A16Provider() {
        super(
                NAME,
                "4- or 8-bit weights with activations as they are",
                Set.of(DType.I4, DType.U4, DType.E2M1, DType.I8),
                LowBitLinearPolicy.Activations.FLOAT);
    }
}
