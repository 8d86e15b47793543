package dev.filigree.policies.svdquant;

import dev.filigree.api.tensor.DType;
import dev.filigree.policies.lowbit.LowBitLinearPolicy;
import dev.filigree.policies.lowbit.LowBitProvider;
import java.util.Set;

/** Makes SVDQuant known: INT4 in groups of 64 or NVFP4 on both sides, and the low-rank branch a layer is stored with. */
public final class SvdQuantProvider extends LowBitProvider {
    /** The name in configs. */
    public static final String NAME = "svdquant";

    /** The scheme. */
    public SvdQuantProvider() {
        super(
                NAME,
                "4-bit weights and activations, smoothed, beside a low-rank branch at 16 bits",
                Set.of(DType.I4, DType.E2M1),
                LowBitLinearPolicy.Activations.AS_WEIGHT);
    }
}
