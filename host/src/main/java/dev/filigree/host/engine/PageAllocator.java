package dev.filigree.host.engine;

/** Hands out the page numbers of one KV class. Not thread-safe. */
final class PageAllocator {
    private final int[] free;
    private int numFree;

    /** All of {@code numPages} pages are free; the lowest numbers go first. */
    PageAllocator(long numPages) {
        free = new int[Math.toIntExact(numPages)];
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

    /** A free page; the caller has asked {@link #numFree} first. */
    int take() {
        return free[--numFree];
    }

    void giveBack(int page) {
        free[numFree++] = page;
    }
}
