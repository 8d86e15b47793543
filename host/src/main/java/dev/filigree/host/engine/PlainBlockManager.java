package dev.filigree.host.engine;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import java.util.ArrayList;
import java.util.List;

/** Every page belongs to one sequence, from the step that first writes it until the sequence ends. */
public final class PlainBlockManager implements BlockManager {
    private final List<KvClass> classes;
    private final List<PageAllocator> allocators = new ArrayList<>();

    /** All pages of a cache plan, free. */
    public PlainBlockManager(KvCachePlan kv) {
        classes = kv.classes();
        kv.numPages().forEach(pages -> allocators.add(new PageAllocator(pages)));
    }

    @Override
    public SequenceBlocks open() {
        return new PlainSequenceBlocks(classes, allocators);
    }

    @Override
    public void reserve(List<SequenceBlocks> sequences, long[] newLengths) {
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            long needed = 0;
            for (int i = 0; i < sequences.size(); i++) {
                long columns = classes.get(kvClass).pagesFor(newLengths[i]);
                needed += Math.max(0, columns - sequences.get(i).numColumns(kvClass));
            }
            PageAllocator allocator = allocators.get(kvClass);
            if (needed > allocator.numFree()) {
                throw new CacheFullException("the step needs " + needed + " pages of KV class "
                        + classes.get(kvClass).name() + ", and " + allocator.numFree() + " of "
                        + allocator.numPages() + " are free: close a session, or let the cache be larger");
            }
        }
        for (int i = 0; i < sequences.size(); i++) {
            ((PlainSequenceBlocks) sequences.get(i)).grow(newLengths[i]);
        }
    }

    @Override
    public long usedPages(int kvClass) {
        PageAllocator allocator = allocators.get(kvClass);
        return (long) allocator.numPages() - allocator.numFree();
    }
}
