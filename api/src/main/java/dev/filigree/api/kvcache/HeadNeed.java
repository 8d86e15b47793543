package dev.filigree.api.kvcache;

/**
 * What attention needs of one KV head's cache.
 *
 * @param retention what must be kept
 * @param logicalPageSize tokens per min/max entry if attention wants page statistics, else 0
 */
public record HeadNeed(Retention retention, int logicalPageSize) {

    /** Keeps everything, without statistics. */
    public static final HeadNeed EVERYTHING = new HeadNeed(new Retention.Everything(), 0);

    /** Keeps sink and recent tokens, without statistics. */
    public static HeadNeed window(int sink, int recent) {
        return new HeadNeed(new Retention.SinkAndRecent(sink, recent), 0);
    }

    @Override
    public String toString() {
        return retention + (logicalPageSize == 0 ? "" : " with stats/" + logicalPageSize);
    }
}
