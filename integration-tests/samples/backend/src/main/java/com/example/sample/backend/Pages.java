package com.example.sample.backend;

import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.tensor.DType;

/** Keys and values in cache pages. The head is an index of the page layout, the position that of the token. */
final class Pages {
    private final KvPages kv;
    private final KvPageLayout layout;
    private final HostTensor pages;
    private final HostTensor pageTable;

    Pages(KvPages kv, HostKernelContext context) {
        this.kv = kv;
        layout = kv.layout();
        pages = context.tensor(kv.pages());
        pageTable = context.tensor(kv.pageTable());
    }

    float[] newKey() {
        return new float[layout.headDimQk()];
    }

    float[] newValue() {
        return new float[layout.headDimVo()];
    }

    void read(long sequence, long position, int head, float[] key, float[] value) {
        long page = page(sequence, position);
        int slot = slot(position);
        Vectors.read(
                pages.segment(),
                page + layout.kDataOffset(),
                layout.k().storage(),
                layout.element(head, slot, 0, key.length),
                key);
        Vectors.read(
                pages.segment(),
                page + layout.vDataOffset(),
                layout.v().storage(),
                layout.element(head, slot, 0, value.length),
                value);
    }

    void write(long sequence, long position, int head, float[] key, float[] value) {
        long page = page(sequence, position);
        int slot = slot(position);
        write(page + layout.kDataOffset(), layout.k().storage(), layout.element(head, slot, 0, key.length), key);
        write(page + layout.vDataOffset(), layout.v().storage(), layout.element(head, slot, 0, value.length), value);
    }

    /** What a key and a value would read back as. */
    void round(float[] key, float[] value) {
        Vectors.round(key, layout.k().storage());
        Vectors.round(value, layout.v().storage());
    }

    private long page(long sequence, long position) {
        long column = kv.addressing().column(position / layout.pageSize());
        return pages.offsetBytes() + pages.at(pageTable.getInt(pageTable.at(sequence, column)));
    }

    private int slot(long position) {
        return (int) (position % layout.pageSize());
    }

    private void write(long offset, DType dtype, long element, float[] source) {
        for (int c = 0; c < source.length; c++) {
            HostTensor.store(pages.segment(), offset, dtype, element + c, source[c]);
        }
    }
}
