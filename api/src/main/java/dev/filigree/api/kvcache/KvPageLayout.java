package dev.filigree.api.kvcache;

/**
 * The bytes of one page of one class of heads in one layer, the same on every backend. Layout version 1, regions
 * in this order, each starting at a multiple of {@value #REGION_ALIGNMENT_BYTES} bytes, little-endian:
 *
 * <pre>
 * kData   [numHeads, pageSize, headDimQk]  storage dtype of k; 4-bit: channel 2m in the low nibble
 * kScale  [numHeads, pageSize] f16         only if k is quantized
 * kZero   [numHeads, pageSize] f16         only if k is quantized
 * vData   [numHeads, pageSize, headDimVo]  storage dtype of v
 * vScale  [numHeads, pageSize] f16         only if v is quantized
 * vZero   [numHeads, pageSize] f16         only if v is quantized
 * kMax    [pageSize / logicalPageSize, numHeads, headDimQk] f16   only with statistics
 * kMin    [pageSize / logicalPageSize, numHeads, headDimQk] f16   only with statistics
 * </pre>
 *
 * <p>Statistics bound the keys that attention will read, that is after RoPE and storage: {@code kMax} is rounded
 * up and {@code kMin} down to f16 (LServe section 3.4.2; Quest section 3.2). Head h of the class lives at index h
 * of the numHeads axis. Keys carry RoPE at their original positions.
 *
 * @param numHeads heads of the class in the layer
 * @param pageSize tokens per page, even
 * @param headDimQk width of a key, even
 * @param headDimVo width of a value, even
 * @param k storage of keys
 * @param v storage of values
 * @param logicalPageSize tokens per statistics entry, a divisor of pageSize, or 0 for no statistics
 */
public record KvPageLayout(
        int numHeads, int pageSize, int headDimQk, int headDimVo, KvPrecision k, KvPrecision v, int logicalPageSize) {

    /** Version of this byte layout, stored with every saved page. */
    public static final int VERSION = 1;

    /** Regions start at multiples of this. */
    public static final int REGION_ALIGNMENT_BYTES = 16;

    /** Checks extents and divisibility. */
    public KvPageLayout {
        if (numHeads < 0 || pageSize < 1 || headDimQk < 1 || headDimVo < 1) {
            throw new IllegalArgumentException(
                    "page layout needs numHeads >= 0 and pageSize, headDimQk, headDimVo >= 1, not " + numHeads + ", "
                            + pageSize + ", " + headDimQk + ", " + headDimVo);
        }
        if ((k.storage().isPacked() && headDimQk % 2 != 0) || (v.storage().isPacked() && headDimVo % 2 != 0)) {
            throw new IllegalArgumentException(
                    "4-bit pages need even head dims, not " + headDimQk + " and " + headDimVo);
        }
        if (logicalPageSize < 0 || (logicalPageSize > 0 && pageSize % logicalPageSize != 0)) {
            throw new IllegalArgumentException(
                    "logicalPageSize must be 0 or a divisor of pageSize " + pageSize + ", not " + logicalPageSize);
        }
    }

    /** Whether pages carry min/max statistics of keys. */
    public boolean hasStats() {
        return logicalPageSize > 0;
    }

    /** Statistics entries per page. */
    public int logicalPagesPerPage() {
        return hasStats() ? pageSize / logicalPageSize : 0;
    }

    /** Byte offset of the key data. */
    public long kDataOffset() {
        return 0;
    }

    /** Byte offset of the key scales. */
    public long kScaleOffset() {
        return align(k.storage().bytes((long) numHeads * pageSize * headDimQk));
    }

    /** Byte offset of the key zeros. */
    public long kZeroOffset() {
        return align(kScaleOffset() + paramBytes(k));
    }

    /** Byte offset of the value data. */
    public long vDataOffset() {
        return align(kZeroOffset() + paramBytes(k));
    }

    /** Byte offset of the value scales. */
    public long vScaleOffset() {
        return align(vDataOffset() + v.storage().bytes((long) numHeads * pageSize * headDimVo));
    }

    /** Byte offset of the value zeros. */
    public long vZeroOffset() {
        return align(vScaleOffset() + paramBytes(v));
    }

    /** Byte offset of the upper bounds of keys. */
    public long kMaxOffset() {
        return align(vZeroOffset() + paramBytes(v));
    }

    /** Byte offset of the lower bounds of keys. */
    public long kMinOffset() {
        return align(kMaxOffset() + statBytes());
    }

    /** Bytes of a page; pages of a pool follow each other without gaps. */
    public long pageBytes() {
        return align(kMinOffset() + statBytes());
    }

    /** Element index within a data region. */
    public long element(int head, int slot, int channel, int headDim) {
        return ((long) head * pageSize + slot) * headDim + channel;
    }

    /** Element index within a scale or zero region. */
    public long param(int head, int slot) {
        return (long) head * pageSize + slot;
    }

    /** Element index within a statistics region. */
    public long stat(int logicalPage, int head, int channel) {
        return ((long) logicalPage * numHeads + head) * headDimQk + channel;
    }

    private long paramBytes(KvPrecision precision) {
        return precision.isQuantized() ? 2L * numHeads * pageSize : 0;
    }

    private long statBytes() {
        return 2L * logicalPagesPerPage() * numHeads * headDimQk;
    }

    private static long align(long offset) {
        return (offset + REGION_ALIGNMENT_BYTES - 1) / REGION_ALIGNMENT_BYTES * REGION_ALIGNMENT_BYTES;
    }

    @Override
    public String toString() {
        return numHeads + "x" + pageSize + "x(" + headDimQk + " " + k + " + " + headDimVo + " " + v + ")"
                + (hasStats() ? " stats/" + logicalPageSize : "");
    }
}
