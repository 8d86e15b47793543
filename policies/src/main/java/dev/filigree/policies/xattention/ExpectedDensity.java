package dev.filigree.policies.xattention;

/**
 * A prior for the share of causal blocks that a threshold near 0.9 keeps, for pricing before anything ran: the
 * densities that the paper measured on RULER (XAttention table 5), interpolated over the logarithm of the length.
 * Shorter contexts approach 1, longer ones fall like 1 / length. What a run really kept is reported by the run.
 */
final class ExpectedDensity {
    private static final double FIRST_TOKENS = 4096;
    private static final double[] STRIDE_4 = {.5173, .4096, .2743, .2109, .0943, .0620};
    private static final double[] STRIDE_8 = {.5216, .4377, .2749, .2097, .1098, .0689};
    private static final double[] STRIDE_16 = {.5538, .4355, .2891, .2793, .1132, .0732};

    private ExpectedDensity() {}

    /**
     * The prior.
     *
     * @param stride tokens per stripe; the nearest measured one counts
     * @param blockSize a context of one block is dense
     * @param contextTokens tokens of a sequence
     */
    static double of(int stride, int blockSize, long contextTokens) {
        double[] measured = stride < 6 ? STRIDE_4 : stride < 12 ? STRIDE_8 : STRIDE_16;
        double position = Math.log(Math.max(contextTokens, 1) / FIRST_TOKENS) / Math.log(2);
        int last = measured.length - 1;
        if (position >= last) {
            return measured[last] * Math.pow(0.5, position - last);
        }
        if (position < 0) {
            double oneBlock = Math.log(blockSize / FIRST_TOKENS) / Math.log(2);
            double share = Math.clamp(position / Math.min(oneBlock, -1e-9), 0, 1);
            return measured[0] + share * (1 - measured[0]);
        }
        int below = (int) position;
        return measured[below] + (position - below) * (measured[below + 1] - measured[below]);
    }
}
