package dev.filigree.policies.config;

/**
 * How tokens are produced.
 *
 * @param maxTokens new tokens at most, 0 or more
 * @param temperature 0 for greedy
 * @param topK candidates kept, 0 for all
 * @param topP share of probability kept, above 0, 1 for all
 * @param seed of the sampler
 * @param stopAtEos whether an end-of-sequence token ends the answer
 */
public record GenerationConfig(int maxTokens, double temperature, int topK, double topP, long seed, boolean stopAtEos) {
    /** Up to 64 tokens, greedy. */
    public static final GenerationConfig DEFAULT = new GenerationConfig(64, 0, 0, 1, 0, true);

    /** The same with another number of tokens. */
    public GenerationConfig withMaxTokens(int tokens) {
        return new GenerationConfig(tokens, temperature, topK, topP, seed, stopAtEos);
    }
}
