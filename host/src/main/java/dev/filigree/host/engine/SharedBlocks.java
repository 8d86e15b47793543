package dev.filigree.host.engine;

import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.Retention;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Pages that other sequences may share; those that a reservation writes are its own. */
final class SharedBlocks implements SequenceBlocks {
    private final List<KvClass> classes;
    private final List<PageAllocator> allocators;
    private final int[][] pages;
    private final int[] held;
    private final List<Copies> copies = new ArrayList<>();
    private long length;
    private long reserved;
    private long written;

    /** The columns whose page was replaced by a reservation, and the pages that stood there. */
    private static final class Copies {
        int[] columns = new int[4];
        int[] sources = new int[4];
        int count;

        void add(int column, int source) {
            if (count == columns.length) {
                columns = Arrays.copyOf(columns, 2 * count);
                sources = Arrays.copyOf(sources, 2 * count);
            }
            columns[count] = column;
            sources[count++] = source;
        }
    }

    SharedBlocks(List<KvClass> classes, List<PageAllocator> allocators) {
        this.classes = classes;
        this.allocators = allocators;
        pages = new int[classes.size()][8];
        held = new int[classes.size()];
        classes.forEach(c -> copies.add(new Copies()));
    }

    /** Refers to all pages of another sequence. */
    void share(SharedBlocks parent) {
        parent.requireSettled();
        if (reserved > 0 || Arrays.stream(held).sum() > 0) {
            throw new IllegalStateException("a sequence of " + length + " tokens cannot take those of another");
        }
        for (int kvClass = 0; kvClass < held.length; kvClass++) {
            pages[kvClass] = parent.pages[kvClass].clone();
            held[kvClass] = parent.held[kvClass];
            for (int column = 0; column < held[kvClass]; column++) {
                allocators.get(kvClass).share(pages[kvClass][column]);
            }
        }
        length = parent.length;
        reserved = length;
        written = parent.written;
    }

    /** Free pages that growing takes: for columns to come, and to copy shared pages that would be written. */
    long needed(int kvClass, long newLength) {
        long needed = Math.max(0, classes.get(kvClass).pagesFor(newLength) - held[kvClass]);
        for (int column = firstWritten(kvClass); column < held[kvClass]; column++) {
            if (isWritten(kvClass, column, newLength) && isShared(kvClass, column)) {
                needed++;
            }
        }
        return needed;
    }

    void grow(long newLength) {
        requireSettled();
        for (int kvClass = 0; kvClass < held.length; kvClass++) {
            PageAllocator allocator = allocators.get(kvClass);
            for (int column = firstWritten(kvClass); column < held[kvClass]; column++) {
                if (isWritten(kvClass, column, newLength) && isShared(kvClass, column)) {
                    copies.get(kvClass).add(column, pages[kvClass][column]);
                    pages[kvClass][column] = allocator.take();
                }
            }
            int columns = Math.toIntExact(classes.get(kvClass).pagesFor(newLength));
            if (columns > pages[kvClass].length) {
                pages[kvClass] = Arrays.copyOf(pages[kvClass], Math.max(columns, 2 * pages[kvClass].length));
            }
            while (held[kvClass] < columns) {
                pages[kvClass][held[kvClass]++] = allocator.take();
            }
        }
        reserved = Math.max(length, newLength);
    }

    private boolean isShared(int kvClass, int column) {
        return allocators.get(kvClass).isShared(pages[kvClass][column]);
    }

    /** The first column that appending could write: in linear classes those before the newest page are done. */
    private int firstWritten(int kvClass) {
        KvClass c = classes.get(kvClass);
        return c.addressing() instanceof KvAddressing.Linear ? (int) (length / c.pageSize()) : 0;
    }

    /** Whether appending up to a length writes a column. */
    private boolean isWritten(int kvClass, int column, long newLength) {
        if (newLength <= length) {
            return false;
        }
        KvClass c = classes.get(kvClass);
        long last = (newLength - 1) / c.pageSize();
        long first = length / c.pageSize();
        if (!(c.addressing() instanceof KvAddressing.Ring ring) || column < ring.sinkPages()) {
            return column >= first && column <= last;
        }
        first = Math.max(first, ring.sinkPages());
        if (last - first + 1 >= ring.ringPages()) {
            return true;
        }
        for (long page = first; page <= last; page++) {
            if (ring.column(page) == column) {
                return true;
            }
        }
        return false;
    }

    @Override
    public long length() {
        return length;
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
    public int numCopies(int kvClass) {
        return copies.get(kvClass).count;
    }

    @Override
    public int copySource(int kvClass, int copy) {
        return copies.get(kvClass).sources[copy];
    }

    @Override
    public int copyTarget(int kvClass, int copy) {
        return pages[kvClass][copies.get(kvClass).columns[copy]];
    }

    @Override
    public void commit() {
        for (int kvClass = 0; kvClass < held.length; kvClass++) {
            Copies done = copies.get(kvClass);
            for (int i = 0; i < done.count; i++) {
                allocators.get(kvClass).giveBack(done.sources[i]);
            }
            done.count = 0;
        }
        length = reserved;
        written = Math.max(written, length);
    }

    @Override
    public void cancel() {
        for (int kvClass = 0; kvClass < held.length; kvClass++) {
            Copies undone = copies.get(kvClass);
            for (int i = 0; i < undone.count; i++) {
                allocators.get(kvClass).giveBack(copyTarget(kvClass, i));
                pages[kvClass][undone.columns[i]] = undone.sources[i];
            }
            undone.count = 0;
            shrink(kvClass, length);
        }
        written = Math.max(written, reserved);
        reserved = length;
    }

    private void shrink(int kvClass, long tokens) {
        long columns = classes.get(kvClass).pagesFor(tokens);
        while (held[kvClass] > columns) {
            allocators.get(kvClass).giveBack(pages[kvClass][--held[kvClass]]);
        }
    }

    @Override
    public boolean canRewind(long newLength) {
        if (newLength == 0 || newLength >= written) {
            return true;
        }
        for (KvClass c : classes) {
            if (c.retention() instanceof Retention.SinkAndRecent window && !isWindowThere(c, window, newLength)) {
                return false;
            }
        }
        return true;
    }

    private boolean isWindowThere(KvClass c, Retention.SinkAndRecent window, long newLength) {
        long oldest = Math.max(0, newLength - window.recent() + 1) / c.pageSize();
        long newest = (written - 1) / c.pageSize();
        for (long page = oldest; page <= (newLength - 1) / c.pageSize(); page++) {
            if (!c.addressing().isResident(page, newest)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void rewind(long newLength) {
        requireSettled();
        if (newLength < 0 || newLength > length || !canRewind(newLength)) {
            throw new IllegalArgumentException("a sequence of " + length + " tokens cannot be cut to " + newLength);
        }
        for (int kvClass = 0; kvClass < held.length; kvClass++) {
            shrink(kvClass, newLength);
        }
        length = newLength;
        reserved = newLength;
    }

    @Override
    public void evict() {
        cancel();
        rewind(0);
    }

    @Override
    public void clear() {
        evict();
        written = 0;
    }

    private void requireSettled() {
        if (reserved != length) {
            throw new IllegalStateException(
                    "the reservation of " + reserved + " tokens must be committed or cancelled first");
        }
    }
}
