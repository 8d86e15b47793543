package dev.filigree.host.engine;

/**
 * How the next token is drawn; see {@code dev.filigree.api.op.Sample}.
 *
 * @param temperature 0 for the most likely token, else a factor that flattens the distribution
 * @param topK keep that many tokens, 0 for all
 * @param topP keep the most likely tokens up to that probability, above 0 to 1
 * @param seed of the random numbers
 */
public record Sampling(float temperature, int topK, float topP, long seed) {
    /** The most likely token. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

    /** Checks the ranges. */
    public Sampling {
        if (!(temperature >= 0 && temperature < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("temperature must be a number from 0, not " + temperature);
        }
        if (topK < 0) {
            throw new IllegalArgumentException("topK must be 0 (all) or more, not " + topK);
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("topP must be above 0 and at most 1, not " + topP);
        }
    }
}
