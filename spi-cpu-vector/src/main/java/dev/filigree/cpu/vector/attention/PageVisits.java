package dev.filigree.cpu.vector.attention;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.host.HostTensor;
import org.jspecify.annotations.Nullable;

/**
 * The pages that one query reads, in order, with the slots it sees in each. A page is visited once for the sink and the
 * window; chosen pages of a streaming pattern once for each of the two, where it sees nothing of one of them the visit is
 * empty. One object a worker, pointed anew for every query.
 */
public final class PageVisits {
    private final HeadPattern pattern;
    private final int pageSize;
    private final int visitsPerChosen;
    private final @Nullable HostTensor counts;
    private final @Nullable HostTensor pages;
    private long listSlot;
    private int list;
    private long sinkEnd;
    private long low;
    private long high;
    private int sinkPages;
    private int numVisits;
    private long page;
    private int from;
    private int to;

    /**
     * Visits under a pattern.
     *
     * @param pattern dense or streaming
     * @param pageSize tokens per page
     * @param counts chosen pages per list; null: all that the pattern allows
     * @param pages the lists, present with counts
     */
    public PageVisits(HeadPattern pattern, int pageSize, @Nullable HostTensor counts, @Nullable HostTensor pages) {
        this.pattern = pattern;
        this.pageSize = pageSize;
        visitsPerChosen = visitsPerChosen(pattern);
        this.counts = counts;
        this.pages = pages;
    }

    /** Visits of a chosen page under a pattern. */
    public static int visitsPerChosen(HeadPattern pattern) {
        return pattern instanceof HeadPattern.Streaming ? 2 : 1;
    }

    /** Points at the list that {@link #query} reads; only with chosen pages. */
    public void list(long slot, int number) {
        listSlot = slot;
        list = number;
    }

    /** Points at the query of a position. */
    public void query(long position) {
        sinkEnd = 0;
        low = 0;
        high = Math.max(0, position + 1);
        if (pattern instanceof HeadPattern.Streaming(int sink, int recent) && high - recent > sink) {
            sinkEnd = sink;
            low = high - recent;
        }
        if (counts != null) {
            numVisits = visitsPerChosen * counts.getInt(counts.at(listSlot, list));
            return;
        }
        sinkPages = (int) Math.ceilDiv(sinkEnd, pageSize);
        numVisits = sinkPages + (high == 0 ? 0 : (int) ((high - 1) / pageSize - low / pageSize + 1));
    }

    /** Visits of the query. */
    public int numVisits() {
        return numVisits;
    }

    /** Points at one visit. */
    public void visit(int number) {
        boolean inSink;
        if (pages != null) {
            page = pages.getInt(pages.at(listSlot, list, number / visitsPerChosen));
            inSink = visitsPerChosen == 2 && number % 2 == 0;
        } else {
            inSink = number < sinkPages;
            page = inSink ? number : low / pageSize + number - sinkPages;
        }
        long first = page * pageSize;
        from = (int) Math.clamp((inSink ? 0 : low) - first, 0, pageSize);
        to = (int) Math.clamp((inSink ? sinkEnd : high) - first, 0, pageSize);
    }

    /** Number of the page within the sequence. */
    public long page() {
        return page;
    }

    /** The first slot seen. */
    public int from() {
        return from;
    }

    /** The slot after the last one seen; at or before {@link #from} when nothing is. */
    public int to() {
        return to;
    }
}
