package dev.filigree.api.kvcache;

/**
 * Which column of a sequence's page-table row holds the page of a token position. Tokens of one page share a column;
 * the slot inside the page is always {@code position % pageSize}.
 */
public sealed interface KvAddressing {

    /** Page b of the sequence stands in column b. */
    record Linear() implements KvAddressing {
        @Override
        public long column(long page) {
            return page;
        }

        @Override
        public boolean isResident(long page, long lastPage) {
            return page <= lastPage;
        }

        @Override
        public long columns(long numTokens, int pageSize) {
            return (numTokens + pageSize - 1) / pageSize;
        }

        @Override
        public String toString() {
            return "linear";
        }
    }

    /**
     * Pages of the sink stay in their columns; later pages share {@code ringPages} columns in turn, so page b
     * replaces page {@code b - ringPages} (LServe section 3.5).
     *
     * @param sinkPages pages that hold the sink
     * @param ringPages pages that hold the recent tokens; one more than the window fills, since the newest is partial
     */
    record Ring(int sinkPages, int ringPages) implements KvAddressing {
        /** Checks both counts. */
        public Ring {
            if (sinkPages < 0 || ringPages < 1) {
                throw new IllegalArgumentException(
                        "ring needs sinkPages >= 0 and ringPages >= 1, not " + sinkPages + " and " + ringPages);
            }
        }

        /** The smallest ring that keeps what the retention asks for. */
        public static Ring of(Retention.SinkAndRecent retention, int pageSize) {
            int sinkPages = Math.ceilDiv(retention.sink(), pageSize);
            return new Ring(sinkPages, Math.ceilDiv(retention.recent() - 1, pageSize) + 1);
        }

        @Override
        public long column(long page) {
            return page < sinkPages ? page : sinkPages + (page - sinkPages) % ringPages;
        }

        @Override
        public boolean isResident(long page, long lastPage) {
            return page <= lastPage && (page < sinkPages || page > lastPage - ringPages);
        }

        @Override
        public long columns(long numTokens, int pageSize) {
            return Math.min((numTokens + pageSize - 1) / pageSize, (long) sinkPages + ringPages);
        }

        @Override
        public String toString() {
            return "ring(" + sinkPages + "+" + ringPages + ")";
        }
    }

    /** Every page in its own column. */
    KvAddressing LINEAR = new Linear();

    /** The page-table column of the page-th page of a sequence. */
    long column(long page);

    /** Whether a page still holds its own tokens when {@code lastPage} is the newest written. */
    boolean isResident(long page, long lastPage);

    /** Columns in use, and so pages held, by a sequence of that many tokens. */
    long columns(long numTokens, int pageSize);
}
