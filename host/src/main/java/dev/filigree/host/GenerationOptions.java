package dev.filigree.host;

/**
 * How an answer is produced.
 *
 * @param maxTokens new tokens at most, 0 or more
 * @param temperature 0 for the likeliest token, else a factor that flattens the distribution
 * @param topK candidates kept, 0 for all
 * @param topP share of probability kept, above 0, 1 for all
 * @param seed of the sampler; equal seeds give equal tokens
 * @param stopAtEos whether an end-of-sequence token ends the answer
 */
public record GenerationOptions(
        int maxTokens, double temperature, int topK, double topP, long seed, boolean stopAtEos) {

    /** Checks the number of tokens; the sampler checks the rest. */
    public GenerationOptions {
        if (maxTokens < 0) {
            throw new IllegalArgumentException("maxTokens must be 0 or more, not " + maxTokens);
        }
    }

    /** The likeliest tokens, up to an end-of-sequence token. */
    public static GenerationOptions greedy(int maxTokens) {
        return new GenerationOptions(maxTokens, 0, 0, 1, 0, true);
    }

    /** Random tokens at a temperature, up to an end-of-sequence token. */
    public static GenerationOptions sampled(int maxTokens, double temperature, long seed) {
        return new GenerationOptions(maxTokens, temperature, 0, 1, seed, true);
    }

    /** The same with candidates limited. */
    public GenerationOptions withCandidates(int newTopK, double newTopP) {
        return new GenerationOptions(maxTokens, temperature, newTopK, newTopP, seed, stopAtEos);
    }

    /** The same, going on after an end-of-sequence token. */
    public GenerationOptions withoutStop() {
        return new GenerationOptions(maxTokens, temperature, topK, topP, seed, false);
    }
}
