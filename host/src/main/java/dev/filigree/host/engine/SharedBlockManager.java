package dev.filigree.host.engine;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import java.util.ArrayList;
import java.util.List;

/**
 * Pages with a count of the sequences that refer to them, copied on write. A page belongs to the sequences that read
 * it, from the step that first wrote it until the last of them ends, rewinds or is swapped out.
 */
public final class SharedBlockManager implements BlockManager {
    private final List<KvClass> classes;
    private final List<PageAllocator> allocators = new ArrayList<>();

    /** All pages of a cache plan, free. */
    public SharedBlockManager(KvCachePlan kv) {
        classes = kv.classes();
        kv.numPages().forEach(pages -> allocators.add(new PageAllocator(pages)));
    }

    @Override
    public SequenceBlocks open() {
        return new SharedBlocks(classes, allocators);
    }

    @Override
    public SequenceBlocks fork(SequenceBlocks parent) {
        SequenceBlocks child = open();
        share(child, parent);
        return child;
    }

    @Override
    public void share(SequenceBlocks empty, SequenceBlocks other) {
        ((SharedBlocks) empty).share((SharedBlocks) other);
    }

    @Override
    public long missingPages(int kvClass, List<SequenceBlocks> sequences, long[] newLengths) {
        return Math.max(
                0,
                needed(kvClass, sequences, newLengths) - allocators.get(kvClass).numFree());
    }

    private static long needed(int kvClass, List<SequenceBlocks> sequences, long[] newLengths) {
        long needed = 0;
        for (int i = 0; i < sequences.size(); i++) {
            needed += ((SharedBlocks) sequences.get(i)).needed(kvClass, newLengths[i]);
        }
        return needed;
    }

    @Override
    public void reserve(List<SequenceBlocks> sequences, long[] newLengths) {
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            if (missingPages(kvClass, sequences, newLengths) > 0) {
                throw new CacheFullException("the step needs " + needed(kvClass, sequences, newLengths)
                        + " pages of KV class " + classes.get(kvClass).name() + ", and "
                        + allocators.get(kvClass).numFree() + " of "
                        + allocators.get(kvClass).numPages()
                        + " are free: close a session, or let the cache be larger");
            }
        }
        for (int i = 0; i < sequences.size(); i++) {
            ((SharedBlocks) sequences.get(i)).grow(newLengths[i]);
        }
    }

    @Override
    public long usedPages(int kvClass) {
        PageAllocator allocator = allocators.get(kvClass);
        return (long) allocator.numPages() - allocator.numFree();
    }
}
