package dev.filigree.host.engine;

/**
 * The largest steps and sequences of an engine.
 *
 * @param maxSeqs sequences open at the same time
 * @param maxTokens tokens of one sequence, prompt and answer
 * @param chunkTokens prompt tokens of one step, all sequences together
 */
public record EngineLimits(int maxSeqs, int maxTokens, int chunkTokens) {

    /** Checks that each is 1 or more. */
    public EngineLimits {
        if (maxSeqs < 1 || maxTokens < 1 || chunkTokens < 1) {
            throw new IllegalArgumentException("maxSeqs, maxTokens and chunkTokens must be 1 or more, not " + maxSeqs
                    + ", " + maxTokens + " and " + chunkTokens);
        }
    }

    /**
     * Tokens of a prompt's next step; one that does not end the prompt ends where the next may start.
     *
     * @param past tokens read before
     * @param pending tokens still to read
     * @param multiple positions at which attention lets a chunk start
     */
    public int chunk(long past, int pending, int multiple) {
        if (pending <= chunkTokens) {
            return pending;
        }
        long end = (past + chunkTokens) / multiple * multiple;
        return (int) (end > past ? end - past : chunkTokens);
    }
}
