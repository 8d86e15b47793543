package dev.filigree.policies.duoattention;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.policies.streaming.StreamingConfig;

/**
 * Bytes of the two-way cache for one sequence of an unquantized 16- or 32-bit cache (DuoAttention section 2.3):
 * {@code e * (dK + dV) * (T * sum_l Hf[l] + (S + R) * sum_l Hs[l])}, with at most T rows per streaming head.
 *
 * @param geometry the model's heads
 * @param classes which heads are retrieval heads
 * @param windows sink S and recent R
 * @param elementBytes bytes e of a stored element
 */
public record DuoMemory(ModelGeometry geometry, HeadClasses classes, StreamingConfig windows, int elementBytes) {

    /** Bytes of a dense cache. */
    public long denseBytes(long contextTokens) {
        long heads = Math.multiplyExact((long) geometry.numLayers(), geometry.numKvHeads());
        return Math.multiplyExact(Math.multiplyExact(heads, contextTokens), rowBytes());
    }

    /** Bytes of the two-way cache. */
    public long bytes(long contextTokens) {
        return bytes(contextTokens, Math.min(contextTokens, (long) windows.sink() + windows.recent()));
    }

    /**
     * Bytes of the two-way cache in pages: retrieval heads fill whole pages, streaming heads the pages of the sink
     * and one more than their window fills, since the newest page is partial.
     */
    public long pagedBytes(long contextTokens, int pageSize) {
        long full = Math.ceilDiv(contextTokens, (long) pageSize) * pageSize;
        long ring = Math.ceilDiv(windows.sink(), pageSize) + Math.ceilDiv(windows.recent() - 1, pageSize) + 1L;
        return bytes(full, Math.min(full, ring * pageSize));
    }

    private long bytes(long fullRows, long streamingRows) {
        long retrieval = classes.numRetrieval();
        long streaming = (long) geometry.numLayers() * geometry.numKvHeads() - retrieval;
        long rows =
                Math.addExact(Math.multiplyExact(retrieval, fullRows), Math.multiplyExact(streaming, streamingRows));
        return Math.multiplyExact(rows, rowBytes());
    }

    private long rowBytes() {
        return (long) elementBytes * (geometry.headDimQk() + geometry.headDimVo());
    }
}
