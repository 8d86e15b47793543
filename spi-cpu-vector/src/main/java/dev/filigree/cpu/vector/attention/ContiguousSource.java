package dev.filigree.cpu.vector.attention;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.gemm.PanelPack;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.ValueLayout;

/** Keys and values in tensors {@code [numKvTokens, numKvSlots, headDim]}. */
public final class ContiguousSource implements KeyValueSource {
    private final Storage storage;
    private long k;
    private long kTokenStride;
    private long kSlotStride;
    private long v;
    private long vTokenStride;
    private long vSlotStride;
    private long kvOffsets;

    /** Keys and values of one storage. */
    public ContiguousSource(Storage storage) {
        this.storage = storage;
    }

    /** Points at the keys of a run: address and byte strides. */
    public void keys(long address, long tokenStride, long slotStride) {
        k = address;
        kTokenStride = tokenStride;
        kSlotStride = slotStride;
    }

    /** Points at the values of a run: address and byte strides. */
    public void values(long address, long tokenStride, long slotStride) {
        v = address;
        vTokenStride = tokenStride;
        vSlotStride = slotStride;
    }

    /** Points at {@code [numSeqs + 1]} i32 row numbers. */
    public void offsets(long address) {
        kvOffsets = address;
    }

    @Override
    public void load(int sequence, int slot, long first, int from, int to, KeyTile layout, long tile) {
        long row = Memory.all().get(ValueLayout.JAVA_INT_UNALIGNED, kvOffsets + 4L * sequence) + first;
        long keys = k + row * kTokenStride + slot * kSlotStride;
        long values = v + (row + from) * vTokenStride + slot * vSlotStride;
        int fetched =
                Sweep.rows(keys + from * kTokenStride, kTokenStride, to - from, layout.headDimQk * storage.bytes());
        fetched |= Sweep.rows(values, vTokenStride, to - from, layout.headDimVo * storage.bytes());
        Memory.all().set(ValueLayout.JAVA_INT, tile + layout.packAt, fetched);
        for (int c = from / Lanes.PANEL * Lanes.PANEL; c < to; c += Lanes.PANEL) {
            panel(keys, c, Math.max(from, c), Math.min(to, c + Lanes.PANEL), layout, tile);
        }
        ValuePack.pack(
                storage,
                values,
                vTokenStride,
                to - from,
                layout.headDimVo,
                tile + layout.valuesAt + (long) from * Lanes.PANEL_BYTES,
                layout.valuePanelBytes,
                tile + layout.packAt);
    }

    private void panel(long keys, int column, int from, int to, KeyTile layout, long tile) {
        long panel = tile + column / Lanes.PANEL * layout.keyPanelBytes;
        int dim = layout.headDimQk;
        if (from == column) {
            PanelPack.pack(
                    storage, keys + column * kTokenStride, kTokenStride, to - from, dim, panel, tile + layout.packAt);
            return;
        }
        long staging = tile + layout.stagingAt;
        Clear.fill(staging, (from - column) * dim, 0f);
        for (int c = from; c < to; c++) {
            Widen.copy(storage, keys + c * kTokenStride, staging + 4L * (c - column) * dim, dim);
        }
        PanelPack.pack(Storage.F32, staging, 4L * dim, to - column, dim, panel, tile + layout.packAt);
    }
}
