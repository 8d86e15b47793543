package dev.filigree.api.attention;

/** What a head may see of its past, as a rule rather than a tensor, so that a backend can refuse it without data. */
public sealed interface HeadPattern {

    /** Everything the mask allows. */
    record Dense() implements HeadPattern {
        @Override
        public String toString() {
            return "dense";
        }
    }

    /**
     * The first {@code sink} tokens and the last {@code recent} ones: key j is seen from position p iff {@code
     * j <= p} and ({@code j < sink} or {@code j > p - recent}). The recent tokens include the query's own.
     * Token-exact; keys keep their original positions (StreamingLLM section 3.2; DuoAttention section 2.1;
     * LServe section 3.3).
     *
     * @param sink tokens from the start of the sequence, 0 or more
     * @param recent tokens up to and including the query's own, 1 or more
     */
    record Streaming(int sink, int recent) implements HeadPattern {
        /** Checks both windows. */
        public Streaming {
            if (sink < 0 || recent < 1) {
                throw new IllegalArgumentException(
                        "streaming pattern needs sink >= 0 and recent >= 1, not " + sink + " and " + recent);
            }
        }

        /** Whether key position {@code key} is seen from query position {@code query}. */
        public boolean sees(long query, long key) {
            return key <= query && (key < sink || key > query - recent);
        }

        @Override
        public String toString() {
            return "streaming(sink=" + sink + ", recent=" + recent + ")";
        }
    }

    /** The dense pattern. */
    HeadPattern DENSE = new Dense();
}
