package dev.filigree.cpu.vector.attention;

import dev.filigree.cpu.vector.common.PagePool;
import dev.filigree.cpu.vector.common.PageVectors;
import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.gemm.PanelPack;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/**
 * Keys and values in cache pages: key j is the token at position j. Pages are read into rows of f32, page by page, and the
 * rows packed.
 */
public final class PagedSource implements KeyValueSource {
    private final PagePool pool;
    private final int pageSize;

    /** Keys and values of a pool. */
    public PagedSource(PagePool pool) {
        this.pool = pool;
        pageSize = pool.layout().pageSize();
    }

    /** Workspace of a {@link FlashAttention} over pages, bytes. */
    public static long flashBytes(AttentionShape shape, VisibleKeys visible, WorkerPool workers) {
        KeyValueSource none = (sequence, slot, first, from, to, layout, tile) -> {};
        return new FlashAttention(shape, visible, none, null, 0, workers).workspaceBytes();
    }

    @Override
    public void load(int sequence, int slot, long first, int from, int to, KeyTile layout, long tile) {
        long staging = tile + layout.stagingAt;
        long stride = 4L * layout.headDimQk;
        int column = from / Lanes.PANEL * Lanes.PANEL;
        Clear.fill(staging + column * stride, (from - column) * layout.headDimQk, 0f);
        read(pool.keys(), sequence, slot, first, from, to, staging, stride);
        for (int c = column; c < to; c += Lanes.PANEL) {
            PanelPack.pack(
                    Storage.F32,
                    staging + c * stride,
                    stride,
                    Math.min(Lanes.PANEL, to - c),
                    layout.headDimQk,
                    tile + c / Lanes.PANEL * layout.keyPanelBytes,
                    tile + layout.packAt);
        }
        stride = 4L * layout.headDimVo;
        read(pool.values(), sequence, slot, first, from, to, staging, stride);
        ValuePack.pack(
                Storage.F32,
                staging + from * stride,
                stride,
                to - from,
                layout.headDimVo,
                tile + layout.valuesAt + (long) from * Lanes.PANEL_BYTES,
                layout.valuePanelBytes,
                tile + layout.packAt);
    }

    private void read(
            PageVectors vectors, int sequence, int slot, long first, int from, int to, long staging, long stride) {
        for (int c = from; c < to; ) {
            long position = first + c;
            int inPage = (int) (position % pageSize);
            int count = Math.min(pageSize - inPage, to - c);
            long page = pool.page(sequence, position / pageSize);
            vectors.read(page, slot, inPage, count, staging + c * stride, stride);
            c += count;
        }
    }
}
