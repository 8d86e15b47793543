package dev.filigree.host.checkpoint;

/** The ways to stretch rotary position embedding beyond the trained length. */
public sealed interface RopeScaling {
    /** As trained. */
    record None() implements RopeScaling {}

    /**
     * Position interpolation (Chen et al. 2023): all frequencies divided by {@code factor}.
     *
     * @param factor 1 or more
     */
    record Linear(double factor) implements RopeScaling {}

    /**
     * NTK-aware scaling that depends on the length: unscaled up to {@code originalMaxPosition}, and with a base that grows
     * with the context beyond. All keys of a context have to be rotated for the same length.
     *
     * @param factor 1 or more
     * @param originalMaxPosition positions of the trained model
     */
    record Dynamic(double factor, int originalMaxPosition) implements RopeScaling {}

    /**
     * Llama 3.1: long wavelengths divided by {@code factor}, short ones kept, a blend between.
     *
     * @param factor 1 or more
     * @param lowFreqFactor wavelengths above {@code originalMaxPosition / lowFreqFactor} are divided
     * @param highFreqFactor wavelengths below {@code originalMaxPosition / highFreqFactor} are kept; above the low factor
     * @param originalMaxPosition positions of the trained model
     */
    record Llama3(double factor, double lowFreqFactor, double highFreqFactor, int originalMaxPosition)
            implements RopeScaling {}

    /**
     * YaRN (Peng et al. 2023, sections 3.2 and 3.4): as {@link Llama3}, with the borders given in rotations, and attention
     * scores scaled.
     *
     * @param factor 1 or more
     * @param originalMaxPosition positions of the trained model
     * @param betaFast dimensions that rotate more often than this over the trained length are kept
     * @param betaSlow dimensions that rotate less often are divided by {@code factor}
     * @param truncate whether the borders between dimensions are rounded outwards to whole dimensions
     * @param attentionFactor what cosine and sine are multiplied by
     */
    record Yarn(
            double factor,
            int originalMaxPosition,
            double betaFast,
            double betaSlow,
            boolean truncate,
            double attentionFactor)
            implements RopeScaling {}
}
