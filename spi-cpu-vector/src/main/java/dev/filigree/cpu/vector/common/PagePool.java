package dev.filigree.cpu.vector.common;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.KvPages;
import dev.filigree.cpu.vector.lanes.Memory;

/** The pages behind a {@link KvPages} as addresses. Point it at the run first. */
public final class PagePool {
    private final KvPages kv;
    private final HostTensor pages;
    private final HostTensor pageTable;
    private final PageVectors keys;
    private final PageVectors values;
    private long base;

    /** The pages of one step. */
    public PagePool(KvPages kv, KernelSite site) {
        this.kv = kv;
        pages = site.tensor(kv.pages());
        pageTable = site.tensor(kv.pageTable());
        keys = PageVectors.keys(kv.layout());
        values = PageVectors.values(kv.layout());
    }

    /** Points at the bytes of the current run, after checking that they are there. */
    public void point() {
        long bytes = pages.extent(0) == 0 ? 0 : pages.at(pages.extent(0) - 1) + pages.extent(1);
        base = Memory.address(pages.segment(), pages.offsetBytes(), bytes);
    }

    /** Bytes of a page and where its parts lie. */
    public KvPageLayout layout() {
        return kv.layout();
    }

    /** How keys are stored. */
    public PageVectors keys() {
        return keys;
    }

    /** How values are stored. */
    public PageVectors values() {
        return values;
    }

    /**
     * Address of the number-th page of a sequence of the batch.
     *
     * @throws IndexOutOfBoundsException if the page table has no such entry or names a page outside the pool
     */
    public long page(long sequence, long number) {
        long column = kv.addressing().column(number);
        if (column >= pageTable.extent(1)) {
            throw new IndexOutOfBoundsException("page " + number + " of sequence " + sequence + " needs column "
                    + column + " of a page table of " + pageTable.extent(1) + " columns");
        }
        return address(pageTable.getInt(pageTable.at(sequence, column)));
    }

    /**
     * Address of the page of an id.
     *
     * @throws IndexOutOfBoundsException if the pool has no such page
     */
    public long address(int id) {
        if (id < 0 || id >= pages.extent(0)) {
            throw new IndexOutOfBoundsException("page id " + id + " must be 0 to " + (pages.extent(0) - 1));
        }
        return base + pages.at(id);
    }
}
