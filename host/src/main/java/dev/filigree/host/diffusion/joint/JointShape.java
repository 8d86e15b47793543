package dev.filigree.host.diffusion.joint;

/**
 * Sizes of a double-stream block (Esser et al. 2024, section 4; FLUX.1: 3072 wide, 24 heads).
 *
 * @param hidden width of both streams
 * @param numHeads heads of {@code hidden / numHeads} channels
 * @param mlpRatio width of the MLP over that of the stream
 * @param maxPatches picture tokens at most
 * @param maxWords text tokens at most
 */
public record JointShape(int hidden, int numHeads, int mlpRatio, int maxPatches, int maxWords) {

    /** Checks that sizes fit together. */
    public JointShape {
        if (numHeads < 1 || hidden < 1 || hidden % numHeads != 0 || mlpRatio < 1 || maxPatches < 1 || maxWords < 1) {
            throw new IllegalArgumentException(
                    "numHeads must divide hidden, and sizes be 1 or more, not hidden " + hidden
                            + ", heads " + numHeads + ", mlpRatio " + mlpRatio + ", patches " + maxPatches + ", words "
                            + maxWords);
        }
    }

    /** A block of FLUX.1 over pictures of that many tokens. */
    public static JointShape flux(int maxPatches, int maxWords) {
        return new JointShape(3072, 24, 4, maxPatches, maxWords);
    }

    /** Channels of a head. */
    public int headDim() {
        return hidden / numHeads;
    }
}
