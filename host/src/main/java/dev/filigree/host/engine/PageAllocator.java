package dev.filigree.host.engine;

/**
 * Hands out the page numbers of one KV class and counts the sequences that refer to each: once per sequence, however
 * often a step names the page. Not thread-safe.
 */
final class PageAllocator {
    private final int[] free;
    private final int[] references;
    private int numFree;

    /** All of {@code numPages} pages are free; the lowest numbers go first. */
    PageAllocator(long numPages) {
        free = new int[Math.toIntExact(numPages)];
        references = new int[free.length];
        for (int i = 0; i < free.length; i++) {
            free[i] = free.length - 1 - i;
        }
        numFree = free.length;
    }

    int numPages() {
        return free.length;
    }

    int numFree() {
        return numFree;
    }

    /** A free page, referred to once; the caller has asked {@link #numFree} first. */
    int take() {
        int page = free[--numFree];
        references[page] = 1;
        return page;
    }

    /** One more sequence refers to a page in use. */
    void share(int page) {
        requireUsed(page);
        references[page]++;
    }

    boolean isShared(int page) {
        return references[page] > 1;
    }

    /** One sequence less; the last one frees the page. */
    void giveBack(int page) {
        requireUsed(page);
        if (--references[page] == 0) {
            free[numFree++] = page;
        }
    }

    private void requireUsed(int page) {
        if (references[page] == 0) {
            throw new IllegalStateException("page " + page + " is free and cannot be shared or given back");
        }
    }
}
