package dev.filigree.host.diffusion;

/** Names of the tensors that diffusion plans share with the host and with each other. */
final class DitTensors {
    /** {@code [numSteps, 256]} f32, sines and cosines of every step's time. */
    static final String TIME_ANGLES = "timeAngles";

    /** {@code [1, hidden]} f32, ones: SiLU is SwiGLU with a constant for its other factor. */
    static final String ONES = "ones";

    /** {@code [numSteps]} i32, 0, 1, 2 ... */
    static final String STEP_IDS = "stepIds";

    /** {@code [numSteps]} i32, zeros. */
    static final String ZERO_IDS = "zeroIds";

    /** {@code [numSteps]} i32, ones. */
    static final String ONE_IDS = "oneIds";

    /** {@code [numWords]} i32, ids of all captions' words. */
    static final String WORD_IDS = "wordIds";

    /** {@code [numWords]} i32, place of each word in its caption. */
    static final String WORD_POSITIONS = "wordPositions";

    /** {@code [numSeqs + 1]} i32, first word of each sequence's caption. */
    static final String WORD_OFFSETS = "wordOffsets";

    /** {@code [numPatches, patchValues]} f32, what is being painted; starts as noise. */
    static final String PICTURE = "picture";

    /** {@code [numTokens]} i32, the row of {@link #PICTURE} behind each token. */
    static final String PICTURE_ROWS = "pictureRows";

    /** {@code [numTokens]} i32, the place of each token in its picture. */
    static final String PATCH_POSITIONS = "patchPositions";

    /** {@code [2]} i32, all of {@link #PICTURE} as one sequence. */
    static final String PATCH_OFFSETS = "patchOffsets";

    /** {@code [numPatches]} i32, the tokens of the captions' sequences. */
    static final String CAPTION_TOKENS = "captionTokens";

    /** {@code [numPatches]} i32, the tokens of the empty captions' sequences. */
    static final String EMPTY_TOKENS = "emptyTokens";

    /** {@code [numSeqs]} i32, the step of each sequence. */
    static final String SEQ_STEPS = "seqSteps";

    /** {@code [numPatches, patchValues]} f32, the captions' velocity of the last step. */
    static final String VELOCITY = "velocity";

    private DitTensors() {}

    /** {@code [numSeqs]} i32, row of one of the six vectors of a step: {@code 6 step + vector}. */
    static String modulationRows(int vector) {
        return "modulationRows." + vector;
    }

    /** {@code [numSteps, 6 hidden]}: shift, scale and gate of attention, then of the MLP, of a block. */
    static String modulation(int block) {
        return block(block) + "modulation";
    }

    /** {@code [numSteps, hidden]}, of the last norm. */
    static String finalShift() {
        return "final.shift";
    }

    /** {@code [numSteps, hidden]}, of the last norm. */
    static String finalScale() {
        return "final.scale";
    }

    /** {@code [numWords, numHeads, headDim]}: keys ({@code k}) or values ({@code v}) of the captions in a block. */
    static String caption(int block, String which) {
        return block(block) + "attn2." + which;
    }

    /** {@code [rows, inFeatures]} f32: what a group of linears was given, where a plan is asked to show it. */
    static String observed(String group) {
        return "observed." + group;
    }

    /** {@code [rows]} i32, 0, 1, 2 ...: all rows of an axis. */
    static String each(String axis) {
        return "each." + axis;
    }

    /** The prefix of a block's tensors. */
    static String block(int block) {
        return "transformer_blocks." + block + ".";
    }
}
