package dev.filigree.cpu.vector.common;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.PageChoice;

/** Stored lists of chosen pages, and when a step replaces one: the one rule that scoring and selecting share. */
public final class ChosenLists {
    private final HostTensor counts;
    private final HostTensor pages;
    private final HostTensor slots;
    private final int budgetPages;
    private final int reuseInterval;
    private final int pageSize;

    /**
     * The lists of a choice.
     *
     * @param budgetPages pages a list may hold when chosen anew
     * @param reuseInterval steps that share a list
     * @param pageSize tokens per page
     */
    public ChosenLists(PageChoice choice, KernelSite site, int budgetPages, int reuseInterval, int pageSize) {
        counts = site.tensor(choice.counts());
        pages = site.tensor(choice.pages());
        slots = site.tensor(choice.slots());
        this.budgetPages = budgetPages;
        this.reuseInterval = reuseInterval;
        this.pageSize = pageSize;
    }

    /** Sequences of the batch. */
    public long numSeqs() {
        return slots.extent(0);
    }

    /** Whether a sequence is so short that a list holds all of its pages. */
    public boolean holdsAll(int kvLength) {
        return Math.ceilDiv(kvLength, pageSize) <= budgetPages;
    }

    /** Whether the list of a sequence of the batch, too long to hold all pages, is chosen anew and not grown. */
    public boolean isReplaced(long sequence, int list, int kvLength) {
        if (kvLength % reuseInterval == 0) {
            return true;
        }
        long slot = slot(sequence);
        int count = counts.getInt(counts.at(slot, list));
        if (count == 0) {
            return true;
        }
        int newest = Math.ceilDiv(kvLength, pageSize) - 1;
        int opened = newest - pages.getInt(pages.at(slot, list, count - 1));
        return opened < 0 || count + opened > pages.extent(2);
    }

    /** Appends the pages opened since the list was chosen. */
    public void grow(long sequence, int list, int kvLength) {
        long slot = slot(sequence);
        int count = counts.getInt(counts.at(slot, list));
        int numPages = Math.ceilDiv(kvLength, pageSize);
        for (int page = pages.getInt(pages.at(slot, list, count - 1)) + 1; page < numPages; page++) {
            pages.setInt(pages.at(slot, list, count++), page);
        }
        counts.setInt(counts.at(slot, list), count);
    }

    /** Replaces a list by the first {@code numPages} pages that are marked. */
    public void store(long sequence, int list, boolean[] chosen, int numPages) {
        long slot = slot(sequence);
        int count = 0;
        for (int page = 0; page < numPages; page++) {
            if (chosen[page]) {
                pages.setInt(pages.at(slot, list, count++), page);
            }
        }
        counts.setInt(counts.at(slot, list), count);
    }

    private long slot(long sequence) {
        return slots.getInt(slots.at(sequence));
    }
}
