package dev.filigree.host.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.Retention;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a block manager must do, said plainly: every sequence is a list of numbers, one per token, and a page is a map from
 * slot to number. Each token's number is new, so a page that was lost, mixed up or overwritten shows.
 */
final class BlockModel {
    private final KvCachePlan kv;
    private final SharedBlockManager manager;
    private final List<Map<Integer, int[]>> memory = new ArrayList<>();
    private int nextNumber = 1;

    /** A sequence: what was written, and what the manager made of it. */
    static final class Twin {
        final List<Integer> tokens = new ArrayList<>();
        SequenceBlocks blocks;
        List<List<int[]>> swapped = List.of();

        Twin(SequenceBlocks blocks) {
            this.blocks = blocks;
        }

        boolean isSwapped() {
            return !swapped.isEmpty();
        }
    }

    BlockModel(KvCachePlan kv) {
        this.kv = kv;
        manager = new SharedBlockManager(kv);
        kv.classes().forEach(c -> memory.add(new HashMap<>()));
    }

    SharedBlockManager manager() {
        return manager;
    }

    Twin open() {
        return new Twin(manager.open());
    }

    Twin fork(Twin parent) {
        Twin child = new Twin(manager.fork(parent.blocks));
        child.tokens.addAll(parent.tokens);
        return child;
    }

    /** Free pages of a class. */
    long free(int kvClass) {
        return kv.numPages().get(kvClass) - manager.usedPages(kvClass);
    }

    /** Pages that a step takes, counted from the page tables of all sequences. */
    long taken(int kvClass, List<Twin> all, Twin twin, int count) {
        KvClass c = kv.classes().get(kvClass);
        Set<Integer> written = new HashSet<>();
        for (int i = 0; i < count; i++) {
            written.add(column(c, twin.tokens.size() + i));
        }
        long taken = 0;
        for (int column : written) {
            boolean held = column < twin.blocks.numColumns(kvClass);
            taken += !held || references(kvClass, all, twin.blocks.page(kvClass, column)) > 1 ? 1 : 0;
        }
        return taken;
    }

    private static int references(int kvClass, List<Twin> all, int page) {
        int references = 0;
        for (Twin twin : all) {
            boolean refers = false;
            for (int column = 0; column < twin.blocks.numColumns(kvClass); column++) {
                refers |= twin.blocks.page(kvClass, column) == page;
            }
            references += refers ? 1 : 0;
        }
        return references;
    }

    /** Reserves for the step that appends to all of these; the caller expects success or failure. */
    void reserve(List<Twin> twins, int[] counts) {
        long[] lengths = new long[twins.size()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = twins.get(i).tokens.size() + counts[i];
        }
        manager.reserve(twins.stream().map(twin -> twin.blocks).toList(), lengths);
    }

    /** Does what the engine does after a reservation: the copies, then the new tokens. */
    void write(Twin twin, int count) {
        for (int kvClass = 0; kvClass < memory.size(); kvClass++) {
            for (int copy = 0; copy < twin.blocks.numCopies(kvClass); copy++) {
                int[] source = memory.get(kvClass).get(twin.blocks.copySource(kvClass, copy));
                memory.get(kvClass).put(twin.blocks.copyTarget(kvClass, copy), source.clone());
            }
        }
        for (int i = 0; i < count; i++) {
            int number = nextNumber++;
            put(twin, twin.tokens.size(), number);
            twin.tokens.add(number);
        }
    }

    private void put(Twin twin, int position, int number) {
        for (int kvClass = 0; kvClass < memory.size(); kvClass++) {
            KvClass c = kv.classes().get(kvClass);
            int page = twin.blocks.page(kvClass, column(c, position));
            memory.get(kvClass).computeIfAbsent(page, p -> new int[c.pageSize()])[position % c.pageSize()] = number;
        }
    }

    /** What a failed step leaves: it wrote, its tokens are forgotten, and perhaps all of the sequence with a ring. */
    void fail(Twin twin, int count) {
        int before = twin.tokens.size();
        write(twin, count);
        twin.blocks.cancel();
        int kept = twin.blocks.canRewind(before) ? before : 0;
        twin.blocks.rewind(kept);
        twin.tokens.subList(kept, twin.tokens.size()).clear();
    }

    void rewind(Twin twin, int length) {
        int kept = twin.blocks.canRewind(length) ? length : 0;
        twin.blocks.rewind(kept);
        twin.tokens.subList(kept, twin.tokens.size()).clear();
    }

    void swapOut(Twin twin) {
        List<List<int[]>> saved = new ArrayList<>();
        for (int kvClass = 0; kvClass < memory.size(); kvClass++) {
            List<int[]> pages = new ArrayList<>();
            for (int column = 0; column < twin.blocks.numColumns(kvClass); column++) {
                pages.add(memory.get(kvClass)
                        .get(twin.blocks.page(kvClass, column))
                        .clone());
            }
            saved.add(pages);
        }
        twin.swapped = saved;
        twin.blocks.evict();
    }

    void swapIn(Twin twin) {
        manager.reserve(List.of(twin.blocks), new long[] {twin.tokens.size()});
        for (int kvClass = 0; kvClass < memory.size(); kvClass++) {
            assertEquals(twin.swapped.get(kvClass).size(), twin.blocks.numColumns(kvClass));
            for (int column = 0; column < twin.blocks.numColumns(kvClass); column++) {
                memory.get(kvClass)
                        .put(
                                twin.blocks.page(kvClass, column),
                                twin.swapped.get(kvClass).get(column));
            }
        }
        twin.blocks.commit();
        twin.swapped = List.of();
    }

    /** Contents of every retained token, and pages in use: those that some sequence refers to, and no other. */
    void check(List<Twin> all) {
        for (int kvClass = 0; kvClass < memory.size(); kvClass++) {
            Set<Integer> referred = new HashSet<>();
            for (Twin twin : all) {
                Set<Integer> own = new HashSet<>();
                for (int column = 0; column < twin.blocks.numColumns(kvClass); column++) {
                    assertTrue(own.add(twin.blocks.page(kvClass, column)), "a page stands twice in a sequence");
                }
                referred.addAll(own);
            }
            assertEquals(referred.size(), manager.usedPages(kvClass), "pages in use of class " + kvClass);
        }
        all.stream().filter(twin -> !twin.isSwapped()).forEach(this::checkContents);
    }

    private void checkContents(Twin twin) {
        assertEquals(twin.tokens.size(), twin.blocks.length());
        for (int kvClass = 0; kvClass < memory.size(); kvClass++) {
            KvClass c = kv.classes().get(kvClass);
            long past = twin.tokens.size();
            assertEquals(c.pagesFor(past), twin.blocks.numColumns(kvClass), "columns of class " + kvClass);
            Retention retention = c.retention();
            for (long row = 0; row < retention.retainedTokens(past); row++) {
                int position = (int) retention.positionOfRow(row, past);
                int page = twin.blocks.page(kvClass, column(c, position));
                assertEquals(
                        twin.tokens.get(position),
                        memory.get(kvClass).get(page)[position % c.pageSize()],
                        "class " + kvClass + ", position " + position + " of " + past);
            }
        }
    }

    private static int column(KvClass c, int position) {
        return (int) c.addressing().column(position / c.pageSize());
    }
}
