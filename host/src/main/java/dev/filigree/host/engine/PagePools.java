package dev.filigree.host.engine;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;

/** The page pools of a cache: moves whole pages of all layers within them, to the host and back. */
final class PagePools {
    private static final int STRETCH = (1 << 20) + 16 * 67;

    private final ExecutionStream stream;
    private final List<List<Pool>> classes = new ArrayList<>();

    private record Pool(DeviceBuffer buffer, long pageBytes) {}

    PagePools(ExecutionStream stream) {
        this.stream = stream;
    }

    /** Allocates the pools, zero-filled, and shows each by the name that plans give it. */
    void allocate(KvCachePlan kv, BufferScope scope, BiConsumer<String, DeviceBuffer> named) {
        for (int kvClass = 0; kvClass < kv.classes().size(); kvClass++) {
            List<Pool> pools = new ArrayList<>();
            for (int layer = 0; layer < kv.geometry().numLayers(); layer++) {
                if (!kv.headsOf(layer, kvClass).isEmpty()) {
                    long pageBytes = kv.layout(layer, kvClass).pageBytes();
                    DeviceBuffer buffer =
                            scope.allocate(Math.multiplyExact(kv.numPages().get(kvClass), pageBytes));
                    pools.add(new Pool(buffer, pageBytes));
                    named.accept(
                            "layer" + layer + ".kv." + kv.classes().get(kvClass).name() + ".pages", buffer);
                }
            }
            classes.add(pools);
        }
    }

    /**
     * Fills all pages with random bytes that are finite numbers in every storage of keys and values. One stretch is repeated; it is
     * no multiple of a page, so pages differ.
     */
    void randomize() {
        byte[] bytes = new byte[STRETCH];
        new Random(STRETCH).nextBytes(bytes);
        for (int i = 1; i < STRETCH; i += 2) {
            bytes[i] = (byte) (bytes[i] & 0x83 | 0x38); // as f16, the type of scales, 0.5 to 2
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stretch = arena.allocate(STRETCH, 16).copyFrom(MemorySegment.ofArray(bytes));
            classes.stream().flatMap(List::stream).forEach(pool -> repeat(stretch, pool.buffer()));
            stream.synchronize();
        }
    }

    private void repeat(MemorySegment stretch, DeviceBuffer buffer) {
        long size = buffer.sizeBytes();
        stream.write(stretch.asSlice(0, Math.min(STRETCH, size)), buffer, 0);
        for (long done = STRETCH; done < size; done *= 2) {
            stream.copy(buffer, 0, buffer, done, Math.min(done, size - done));
        }
    }

    /** Copies the pages that a reservation replaced. */
    void copyShared(SequenceBlocks blocks) {
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            for (int copy = 0; copy < blocks.numCopies(kvClass); copy++) {
                for (Pool pool : classes.get(kvClass)) {
                    long from = blocks.copySource(kvClass, copy) * pool.pageBytes();
                    long to = blocks.copyTarget(kvClass, copy) * pool.pageBytes();
                    stream.copy(pool.buffer(), from, pool.buffer(), to, pool.pageBytes());
                }
            }
        }
    }

    /** Bytes of all pages of a sequence. */
    long sizeBytes(SequenceBlocks blocks) {
        long bytes = 0;
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            for (Pool pool : classes.get(kvClass)) {
                bytes += blocks.numColumns(kvClass) * pool.pageBytes();
            }
        }
        return bytes;
    }

    /** Columns of a sequence, per class. */
    int[] numColumns(SequenceBlocks blocks) {
        int[] columns = new int[classes.size()];
        for (int kvClass = 0; kvClass < columns.length; kvClass++) {
            columns[kvClass] = blocks.numColumns(kvClass);
        }
        return columns;
    }

    /** Reads the pages of a sequence. */
    void read(SequenceBlocks blocks, SwappedPages target) {
        move(blocks, target, stream::read);
    }

    /** Writes what {@link #read} gave into the pages of a sequence, which may have lost its last columns since. */
    void write(SwappedPages source, SequenceBlocks blocks) {
        move(blocks, source, (buffer, offset, bytes) -> stream.write(bytes, buffer, offset));
    }

    private interface Mover {
        void move(DeviceBuffer buffer, long offset, MemorySegment bytes);
    }

    private void move(SequenceBlocks blocks, SwappedPages saved, Mover mover) {
        long at = 0;
        for (int kvClass = 0; kvClass < classes.size(); kvClass++) {
            for (int column = 0; column < saved.numColumns(kvClass); column++) {
                for (Pool pool : classes.get(kvClass)) {
                    if (column < blocks.numColumns(kvClass)) {
                        long offset = blocks.page(kvClass, column) * pool.pageBytes();
                        mover.move(pool.buffer(), offset, saved.bytes().asSlice(at, pool.pageBytes()));
                    }
                    at += pool.pageBytes();
                }
            }
        }
    }
}
