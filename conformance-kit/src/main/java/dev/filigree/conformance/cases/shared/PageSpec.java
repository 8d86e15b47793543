package dev.filigree.conformance.cases.shared;

import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.conformance.cases.Params;

/**
 * How keys and values are paged.
 *
 * @param pageSize tokens per page
 * @param k storage of keys
 * @param v storage of values
 * @param logicalPageSize tokens per statistics entry, 0 for none
 * @param addressing which column holds a page
 */
public record PageSpec(int pageSize, KvPrecision k, KvPrecision v, int logicalPageSize, KvAddressing addressing) {

    /** Linear pages without statistics, keys and values stored alike. */
    public static PageSpec linear(int pageSize, KvPrecision precision) {
        return new PageSpec(pageSize, precision, precision, 0, KvAddressing.LINEAR);
    }

    /** With statistics. */
    public PageSpec stats(int logicalPageSize) {
        return new PageSpec(pageSize, k, v, logicalPageSize, addressing);
    }

    /** In a ring. */
    public PageSpec ring(int sinkPages, int ringPages) {
        return new PageSpec(pageSize, k, v, logicalPageSize, new KvAddressing.Ring(sinkPages, ringPages));
    }

    /** The layout of a class of heads. */
    public KvPageLayout layout(int numHeads, int headDimQk, int headDimVo) {
        return new KvPageLayout(numHeads, pageSize, headDimQk, headDimVo, k, v, logicalPageSize);
    }

    /** As case parameters. */
    public Params params() {
        Params params = Params.of("page", pageSize, "storage", k == v ? k.id() : k.id() + "+" + v.id());
        Params stats = logicalPageSize == 0 ? params : params.with("stats", logicalPageSize);
        return addressing.equals(KvAddressing.LINEAR) ? stats : stats.with("columns", addressing);
    }
}
