package dev.filigree.api.kvcache;

/**
 * Heads that are cached alike. Every class has its own page numbering, shared by all layers: page n of a class is
 * page n of that class's pool in each layer.
 *
 * @param name unique within the plan, such as {@code full} or {@code ring}
 * @param retention what is kept
 * @param addressing how pages are found
 * @param pageSize tokens per page
 * @param k storage of keys
 * @param v storage of values
 * @param logicalPageSize tokens per statistics entry, 0 for none
 */
public record KvClass(
        String name,
        Retention retention,
        KvAddressing addressing,
        int pageSize,
        KvPrecision k,
        KvPrecision v,
        int logicalPageSize) {

    /** The page layout of this class in a layer where it has that many heads. */
    public KvPageLayout layout(int numHeads, int headDimQk, int headDimVo) {
        return new KvPageLayout(numHeads, pageSize, headDimQk, headDimVo, k, v, logicalPageSize);
    }

    /** Pages that a sequence of that many tokens holds. */
    public long pagesFor(long numTokens) {
        return addressing.columns(numTokens, pageSize);
    }

    @Override
    public String toString() {
        return name + ": " + retention + ", " + addressing + ", pageSize " + pageSize + ", k " + k + ", v " + v
                + (logicalPageSize == 0 ? "" : ", stats/" + logicalPageSize);
    }
}
