package dev.filigree.host;

import java.util.List;

/**
 * A finished answer.
 *
 * @param text the answer, without special tokens
 * @param tokens ids of the answer, the end-of-sequence token included
 * @param finish why it ended
 * @param timing how long it took
 */
public record Generation(String text, List<Integer> tokens, Finish finish, Timing timing) {

    /** Why an answer ended. */
    public enum Finish {
        /** An end-of-sequence token was drawn. */
        EOS,
        /** As many tokens as asked for. */
        MAX_TOKENS,
        /** The context is as long as the config allows. */
        CONTEXT_FULL,
        /** {@link Session#cancel} was called. */
        CANCELLED
    }

    /**
     * How long an answer took. In a batch each answer counts the steps that it took part in.
     *
     * @param promptTokens tokens read
     * @param prefillNanos until the first token was drawn
     * @param decodeTokens tokens drawn after the first
     * @param decodeNanos for those
     */
    public record Timing(int promptTokens, long prefillNanos, int decodeTokens, long decodeNanos) {
        /** Prompt tokens per second, 0 if none was read. */
        public double prefillTokensPerSecond() {
            return prefillNanos == 0 ? 0 : promptTokens * 1e9 / prefillNanos;
        }

        /** Answer tokens per second after the first, 0 if there was none. */
        public double decodeTokensPerSecond() {
            return decodeNanos == 0 ? 0 : decodeTokens * 1e9 / decodeNanos;
        }
    }

    /** Copies the list. */
    public Generation {
        tokens = List.copyOf(tokens);
    }
}
