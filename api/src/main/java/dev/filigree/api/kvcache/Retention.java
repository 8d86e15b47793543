package dev.filigree.api.kvcache;

/** What of its past a KV head may ever be asked to read again; the cache keeps at least that. */
public sealed interface Retention {

    /** Every token. */
    record Everything() implements Retention {
        @Override
        public long retainedTokens(long pastTokens) {
            return pastTokens;
        }

        @Override
        public long positionOfRow(long row, long pastTokens) {
            return row;
        }

        @Override
        public String toString() {
            return "everything";
        }
    }

    /**
     * The first {@code sink} tokens, and enough of the last ones that the next query still sees {@code recent} tokens
     * including itself.
     *
     * @param sink tokens from the start, 0 or more
     * @param recent window of a query, its own token included, 1 or more
     */
    record SinkAndRecent(int sink, int recent) implements Retention {
        /** Checks both windows. */
        public SinkAndRecent {
            if (sink < 0 || recent < 1) {
                throw new IllegalArgumentException(
                        "retention needs sink >= 0 and recent >= 1, not " + sink + " and " + recent);
            }
        }

        @Override
        public long retainedTokens(long pastTokens) {
            return Math.min(pastTokens, (long) sink + recent - 1);
        }

        @Override
        public long positionOfRow(long row, long pastTokens) {
            return row < sink ? row : row + pastTokens - retainedTokens(pastTokens);
        }

        @Override
        public String toString() {
            return "sink " + sink + " + recent " + recent;
        }
    }

    /** Tokens of a past that a later query may still read. */
    long retainedTokens(long pastTokens);

    /** Absolute position of the row-th retained token, ascending. */
    long positionOfRow(long row, long pastTokens);
}
