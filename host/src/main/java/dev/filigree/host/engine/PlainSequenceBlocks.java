package dev.filigree.host.engine;

import dev.filigree.api.kvcache.KvClass;
import java.util.Arrays;
import java.util.List;

/** Pages that no other sequence shares. */
final class PlainSequenceBlocks implements SequenceBlocks {
    private final List<KvClass> classes;
    private final List<PageAllocator> allocators;
    private final int[][] pages;
    private final int[] held;
    private final int[] committed;

    PlainSequenceBlocks(List<KvClass> classes, List<PageAllocator> allocators) {
        this.classes = classes;
        this.allocators = allocators;
        pages = new int[classes.size()][8];
        held = new int[classes.size()];
        committed = new int[classes.size()];
    }

    void grow(long numTokens) {
        for (int kvClass = 0; kvClass < held.length; kvClass++) {
            int columns = Math.toIntExact(classes.get(kvClass).pagesFor(numTokens));
            if (columns > pages[kvClass].length) {
                pages[kvClass] = Arrays.copyOf(pages[kvClass], Math.max(columns, 2 * pages[kvClass].length));
            }
            while (held[kvClass] < columns) {
                pages[kvClass][held[kvClass]++] = allocators.get(kvClass).take();
            }
        }
    }

    @Override
    public int numColumns(int kvClass) {
        return held[kvClass];
    }

    @Override
    public int page(int kvClass, int column) {
        return pages[kvClass][column];
    }

    @Override
    public void commit() {
        System.arraycopy(held, 0, committed, 0, held.length);
    }

    @Override
    public void cancel() {
        for (int kvClass = 0; kvClass < held.length; kvClass++) {
            while (held[kvClass] > committed[kvClass]) {
                allocators.get(kvClass).giveBack(pages[kvClass][--held[kvClass]]);
            }
        }
    }

    @Override
    public void clear() {
        Arrays.fill(committed, 0);
        cancel();
    }
}
