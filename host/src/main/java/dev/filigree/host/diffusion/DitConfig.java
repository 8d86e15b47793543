package dev.filigree.host.diffusion;

import java.util.List;

/**
 * Sizes of a text-to-picture diffusion transformer of the PixArt kind (Chen et al. 2023, section 2.3): one modulation
 * shared by all blocks, self-attention over patches, cross-attention to the words of the caption, a GELU MLP.
 *
 * @param imageSize pixels along a side of the square picture
 * @param patchSize pixels along a side of a patch
 * @param channels of a picture
 * @param hiddenSize channels of the stream
 * @param numLayers blocks
 * @param numHeads of both attentions
 * @param mlpRatio MLP channels per stream channel
 * @param maxWords of a caption
 * @param normEps added to variances
 * @param words the vocabulary; id 0 is padding, id 1 the empty caption
 * @param prompts captions that the model comes with
 * @param steps Euler steps of its sampler
 * @param guidance factor between the empty caption's velocity and the caption's
 */
public record DitConfig(
        int imageSize,
        int patchSize,
        int channels,
        int hiddenSize,
        int numLayers,
        int numHeads,
        int mlpRatio,
        int maxWords,
        double normEps,
        List<String> words,
        List<String> prompts,
        int steps,
        double guidance) {
    /** Id of the word that stands alone in an empty caption. */
    public static final int EMPTY_CAPTION = 1;

    /** Channels of a step's sines and cosines. */
    static final int TIME_CHANNELS = 256;

    /** Copies the lists and checks that the sizes fit together. */
    public DitConfig {
        words = List.copyOf(words);
        prompts = List.copyOf(prompts);
        if (imageSize % patchSize != 0) {
            throw new IllegalArgumentException(
                    "patch_size must divide image_size " + imageSize + ", not be " + patchSize);
        }
        if (hiddenSize % numHeads != 0) {
            throw new IllegalArgumentException(
                    "num_heads must divide hidden_size " + hiddenSize + ", not be " + numHeads);
        }
        if (words.size() <= EMPTY_CAPTION) {
            throw new IllegalArgumentException("words must have at least 2 entries, not " + words.size());
        }
    }

    /** Patches of a picture. */
    public int numPatches() {
        int side = imageSize / patchSize;
        return side * side;
    }

    /** Values of a patch: channels, then rows, then columns. */
    public int patchValues() {
        return channels * patchSize * patchSize;
    }

    /** Values of a picture. */
    public int pictureValues() {
        return channels * imageSize * imageSize;
    }

    /** Channels of a head. */
    public int headDim() {
        return hiddenSize / numHeads;
    }

    /**
     * The ids of a caption's words; the empty caption is one word of its own.
     *
     * @throws IllegalArgumentException if a word is unknown or there are too many
     */
    public int[] encode(String caption) {
        String text = caption.strip();
        if (text.isEmpty()) {
            return new int[] {EMPTY_CAPTION};
        }
        String[] parts = text.split("\\s+");
        if (parts.length > maxWords) {
            throw new IllegalArgumentException(
                    "a caption must have at most " + maxWords + " words, not " + parts.length);
        }
        int[] ids = new int[parts.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = words.indexOf(parts[i]);
            if (ids[i] <= EMPTY_CAPTION) {
                throw new IllegalArgumentException("the model does not know the word '" + parts[i] + "'; it knows "
                        + String.join(", ", words.subList(EMPTY_CAPTION + 1, words.size())));
            }
        }
        return ids;
    }
}
