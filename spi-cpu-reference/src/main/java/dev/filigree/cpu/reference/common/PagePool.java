package dev.filigree.cpu.reference.common;

import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvPages;
import java.lang.foreign.MemorySegment;

/** The pages behind a {@link KvPages}: where the token of a position lies, and its key and value. */
public final class PagePool {
    private final KvPages kv;
    private final HostTensor pages;
    private final HostTensor pageTable;
    private final PageVectors keys;
    private final PageVectors values;

    /** The pages of one step. */
    public PagePool(KvPages kv, HostKernelContext context) {
        this.kv = kv;
        pages = context.tensor(kv.pages());
        pageTable = context.tensor(kv.pageTable());
        keys = PageVectors.keys(kv.layout());
        values = PageVectors.values(kv.layout());
    }

    /** Most tokens of a sequence that can be resident. */
    public long maxResidentTokens() {
        return pageTable.decl().capacity(1) * kv.layout().pageSize();
    }

    /** The bytes of all pages. */
    public MemorySegment bytes() {
        return pages.segment();
    }

    /** Byte offset, within {@link #bytes}, of the page that holds a position of a sequence of the batch. */
    public long pageOffset(long sequence, long position) {
        long column = kv.addressing().column(position / kv.layout().pageSize());
        int page = pageTable.getInt(pageTable.at(sequence, column));
        return pages.offsetBytes() + pages.at(page);
    }

    /** The token's place within its page. */
    public int slot(long position) {
        return (int) (position % kv.layout().pageSize());
    }

    /** How keys are stored. */
    public PageVectors keys() {
        return keys;
    }

    /** How values are stored. */
    public PageVectors values() {
        return values;
    }
}
