package dev.filigree.host.engine;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which sequences have a slot and pages, and which were moved to the host to make room. Idle sequences are moved, the
 * one used longest ago first, as long as the swap budget holds them; pinned ones stay. Not thread-safe.
 */
final class SequencePool implements AutoCloseable {
    private final ModelMemory memory;
    private final BlockManager blocks;
    private final int numClasses;
    private final int maxSeqs;
    private final long swapBudgetBytes;
    private final BitSet slots = new BitSet();
    private final Set<Sequence> open = new LinkedHashSet<>();
    private final List<SequenceBlocks> wanted = new ArrayList<>();
    private long swappedBytes;
    private long swapOuts;
    private long clock;

    SequencePool(ModelMemory memory, BlockManager blocks, int numClasses, int maxSeqs, long swapBudgetBytes) {
        this.memory = memory;
        this.blocks = blocks;
        this.numClasses = numClasses;
        this.maxSeqs = maxSeqs;
        this.swapBudgetBytes = swapBudgetBytes;
    }

    /** A sequence without a slot yet. */
    Sequence open(Engine engine) {
        Sequence sequence = new Sequence(engine, Sequence.NO_SLOT, blocks.open());
        open.add(sequence);
        return sequence;
    }

    /** A sequence that shares the pages of another; both have a slot. */
    Sequence fork(Engine engine, Sequence parent) {
        Sequence place = open(engine);
        try {
            enter(List.of(parent, place), new long[] {parent.length(), 0});
            Sequence child = new Sequence(engine, place.slot(), blocks.fork(parent.blocks()));
            child.cutTo(parent.length());
            child.touch(++clock);
            memory.policyRows().copy(parent.slot(), child.slot());
            place.useSlot(Sequence.NO_SLOT);
            open.add(child);
            return child;
        } finally {
            release(place);
        }
    }

    /**
     * Gives sequences their slots, their pages back if they were swapped out, and checks that all can grow together.
     *
     * @throws CacheFullException if there is no room even with every idle sequence swapped out
     */
    void enter(List<Sequence> sequences, long[] newLengths) {
        if (!makeRoom(sequences, newLengths)) {
            throw full(sequences, newLengths);
        }
        for (Sequence sequence : sequences) {
            if (!sequence.isResident()) {
                makeResident(sequence);
            }
            sequence.touch(++clock);
        }
    }

    /** Swaps idle sequences out until the given ones fit with these lengths; false if they cannot. */
    boolean makeRoom(List<Sequence> sequences, long[] newLengths) {
        while (!fits(sequences, newLengths)) {
            Sequence victim = victim(sequences);
            if (victim == null) {
                return false;
            }
            swapOut(victim);
        }
        return true;
    }

    private boolean fits(List<Sequence> sequences, long[] newLengths) {
        boolean fits = missingSlots(sequences) <= 0;
        gather(sequences);
        for (int kvClass = 0; fits && kvClass < numClasses; kvClass++) {
            fits = blocks.missingPages(kvClass, wanted, newLengths) == 0;
        }
        return fits;
    }

    private void gather(List<Sequence> sequences) {
        wanted.clear();
        for (int i = 0; i < sequences.size(); i++) {
            wanted.add(sequences.get(i).blocks());
        }
    }

    private int missingSlots(List<Sequence> sequences) {
        int missing = slots.cardinality() - maxSeqs;
        for (int i = 0; i < sequences.size(); i++) {
            missing += sequences.get(i).isResident() ? 0 : 1;
        }
        return missing;
    }

    private CacheFullException full(List<Sequence> sequences, long[] newLengths) {
        if (missingSlots(sequences) > 0) {
            return new CacheFullException("all " + maxSeqs
                    + " sequences of this model are in use: close one, or raise limits.maxSeqs or limits.swapBudget");
        }
        gather(sequences);
        List<String> missing = new ArrayList<>();
        for (int kvClass = 0; kvClass < numClasses; kvClass++) {
            long pages = blocks.missingPages(kvClass, wanted, newLengths);
            if (pages > 0) {
                missing.add(pages + " pages of KV class " + kvClass);
            }
        }
        return new CacheFullException("the cache lacks " + String.join(" and ", missing)
                + ": close a session, or raise limits.maxSeqs, limits.kvBudget or limits.swapBudget");
    }

    private @Nullable Sequence victim(List<Sequence> wantedNow) {
        Sequence oldest = null;
        for (Sequence sequence : open) {
            if (sequence.isResident()
                    && !sequence.isPinned()
                    && (oldest == null || sequence.lastUsed() < oldest.lastUsed())
                    && !wantedNow.contains(sequence)
                    && swappedBytes + savedBytes(sequence) <= swapBudgetBytes) {
                oldest = sequence;
            }
        }
        return swapBudgetBytes == 0 ? null : oldest;
    }

    private long savedBytes(Sequence sequence) {
        return memory.pages().sizeBytes(sequence.blocks()) + memory.policyRows().sizeBytes();
    }

    /** Moves a sequence to the host; if that fails, it stays where it is. */
    void swapOut(Sequence sequence) {
        long pageBytes = memory.pages().sizeBytes(sequence.blocks());
        SwappedPages saved = SwappedPages.allocate(savedBytes(sequence));
        boolean done = false;
        try {
            memory.pages().read(sequence.blocks(), saved.bytes());
            memory.policyRows().read(sequence.slot(), saved.bytes().asSlice(pageBytes));
            done = true;
        } finally {
            if (!done) {
                saved.close();
            }
        }
        sequence.keepSwapped(saved);
        swappedBytes += saved.sizeBytes();
        swapOuts++;
        sequence.blocks().evict();
        leave(sequence);
    }

    private void leave(Sequence sequence) {
        if (sequence.isResident()) {
            slots.clear(sequence.slot());
            sequence.useSlot(Sequence.NO_SLOT);
        }
    }

    private void makeResident(Sequence sequence) {
        int slot = slots.nextClearBit(0);
        SwappedPages saved = sequence.swapped();
        if (saved == null) {
            memory.policyRows().clear(slot);
        } else {
            restore(sequence, saved, slot);
        }
        slots.set(slot);
        sequence.useSlot(slot);
    }

    private void restore(Sequence sequence, SwappedPages saved, int slot) {
        boolean done = false;
        try {
            blocks.reserve(List.of(sequence.blocks()), new long[] {sequence.length()});
            long pageBytes = memory.pages().sizeBytes(sequence.blocks());
            memory.pages().write(saved.bytes(), sequence.blocks());
            memory.policyRows().write(saved.bytes().asSlice(pageBytes, saved.sizeBytes() - pageBytes), slot);
            done = true;
        } finally {
            if (!done) {
                sequence.blocks().cancel();
            }
        }
        sequence.blocks().commit();
        drop(sequence);
    }

    private void drop(Sequence sequence) {
        SwappedPages saved = sequence.swapped();
        if (saved != null) {
            sequence.keepSwapped(null);
            swappedBytes -= saved.sizeBytes();
            saved.close();
        }
    }

    /** Gives back the slot, the pages and what was swapped out. */
    void release(Sequence sequence) {
        sequence.blocks().clear();
        leave(sequence);
        drop(sequence);
        open.remove(sequence);
    }

    /** Empties a sequence, wherever it is. */
    void empty(Sequence sequence) {
        sequence.blocks().clear();
        sequence.cutTo(0);
        drop(sequence);
    }

    /** What is in use. */
    CacheUse use() {
        long[] pages = new long[numClasses];
        for (int kvClass = 0; kvClass < numClasses; kvClass++) {
            pages[kvClass] = blocks.usedPages(kvClass);
        }
        return new CacheUse(open.size(), slots.cardinality(), pages, swappedBytes, swapOuts);
    }

    @Override
    public void close() {
        open.forEach(this::drop);
    }
}
