package dev.filigree.host.engine;

import java.util.ArrayList;
import java.util.Arrays;
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
    private final PrefixCache prefixes;
    private final int numClasses;
    private final int maxSeqs;
    private final long swapBudgetBytes;
    private final BitSet slots = new BitSet();
    private final Set<Sequence> open = new LinkedHashSet<>();
    private final List<SequenceBlocks> wanted = new ArrayList<>();
    private long swappedBytes;
    private long swapOuts;
    private long clock;

    SequencePool(
            ModelMemory memory,
            BlockManager blocks,
            PrefixCache prefixes,
            int numClasses,
            int maxSeqs,
            long swapBudgetBytes) {
        this.memory = memory;
        this.blocks = blocks;
        this.prefixes = prefixes;
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

    /** A sequence with a slot, if one can be had; it may wait where sequences can be swapped out. */
    Sequence openResident(Engine engine) {
        Sequence sequence = open(engine);
        if (swapBudgetBytes == 0 || missingSlots(List.of(sequence)) <= 0) {
            boolean entered = false;
            try {
                enter(List.of(sequence), new long[] {0});
                entered = true;
            } finally {
                if (!entered) {
                    release(sequence);
                }
            }
        }
        return sequence;
    }

    /** A sequence that shares the pages of another, or a copy on the host where no slot is free. */
    Sequence fork(Engine engine, Sequence parent) {
        Sequence child = new Sequence(engine, Sequence.NO_SLOT, blocks.fork(parent.blocks()));
        child.cutTo(parent.length());
        open.add(child);
        boolean forked = false;
        try {
            SwappedPages saved = parent.swapped();
            if (saved != null) {
                requireBudget(saved.sizeBytes());
                keep(child, saved.copy());
                if (parent.rowsAreStale()) {
                    child.forgetRows();
                }
            } else if (parent.isResident() && !makeRoom(List.of(parent, child), new long[] {parent.length(), 0})) {
                requireBudget(savedBytes(parent));
                keep(child, save(parent));
                child.blocks().evict();
            } else if (parent.isResident()) {
                useFreeSlot(child);
                memory.policyRows().copy(parent.slot(), child.slot());
            }
            child.touch(++clock);
            forked = true;
        } finally {
            if (!forked) {
                release(child);
            }
        }
        return child;
    }

    private void requireBudget(long sizeBytes) {
        if (swappedBytes + sizeBytes > swapBudgetBytes) {
            throw new CacheFullException(
                    "all " + maxSeqs + " sequences of this model are in use, and limits.swapBudget "
                            + swapBudgetBytes + " holds " + swappedBytes + " bytes and not " + sizeBytes
                            + " more: close one, or raise limits.maxSeqs or limits.swapBudget");
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

    /**
     * Makes the given sequences fit with these lengths: forgets kept beginnings where pages are wanted, then swaps idle
     * sequences out; false if they cannot.
     */
    boolean makeRoom(List<Sequence> sequences, long[] newLengths) {
        while (!fits(sequences, newLengths)) {
            if (missingSlots(sequences) <= 0 && prefixes.dropOldest()) {
                continue;
            }
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
    private void swapOut(Sequence sequence) {
        keep(sequence, save(sequence));
        swapOuts++;
        sequence.blocks().evict();
        leave(sequence);
    }

    private void keep(Sequence sequence, SwappedPages saved) {
        sequence.keepSwapped(saved);
        swappedBytes += saved.sizeBytes();
    }

    private SwappedPages save(Sequence sequence) {
        PagePools pages = memory.pages();
        SwappedPages saved = new SwappedPages(
                pages.numColumns(sequence.blocks()),
                pages.sizeBytes(sequence.blocks()),
                memory.policyRows().sizeBytes());
        boolean done = false;
        try {
            pages.read(sequence.blocks(), saved);
            memory.policyRows().read(sequence.slot(), saved.rows());
            done = true;
            return saved;
        } finally {
            if (!done) {
                saved.close();
            }
        }
    }

    private void leave(Sequence sequence) {
        if (sequence.isResident()) {
            slots.clear(sequence.slot());
            sequence.useSlot(Sequence.NO_SLOT);
        }
    }

    private void makeResident(Sequence sequence) {
        SwappedPages saved = sequence.swapped();
        if (saved != null) {
            restorePages(sequence, saved);
        }
        useFreeSlot(sequence);
        if (saved == null || sequence.rowsAreStale()) {
            memory.policyRows().clear(sequence.slot());
        } else {
            memory.policyRows().write(saved.rows(), sequence.slot());
        }
        drop(sequence);
    }

    private void useFreeSlot(Sequence sequence) {
        int slot = slots.nextClearBit(0);
        slots.set(slot);
        sequence.useSlot(slot);
    }

    private void restorePages(Sequence sequence, SwappedPages saved) {
        boolean done = false;
        try {
            blocks.reserve(List.of(sequence.blocks()), new long[] {sequence.length()});
            memory.pages().write(saved, sequence.blocks());
            done = true;
        } finally {
            if (!done) {
                sequence.blocks().cancel();
            }
        }
        sequence.blocks().commit();
    }

    private void drop(Sequence sequence) {
        SwappedPages saved = sequence.swapped();
        if (saved != null) {
            sequence.keepSwapped(null);
            swappedBytes -= saved.sizeBytes();
            saved.close();
        }
    }

    /** Lengthens a sequence by tokens that nobody read; its new pages hold what they held. */
    void extend(Sequence sequence, long newLength) {
        if (newLength < sequence.length()) {
            throw new IllegalArgumentException(
                    "a sequence of " + sequence.length() + " tokens cannot be filled up to " + newLength);
        }
        enter(List.of(sequence), new long[] {newLength});
        blocks.reserve(List.of(sequence.blocks()), new long[] {newLength});
        sequence.advance(newLength - sequence.length());
    }

    /** Gives back the slot, the pages and what was swapped out. */
    void release(Sequence sequence) {
        sequence.blocks().clear();
        leave(sequence);
        drop(sequence);
        open.remove(sequence);
    }

    /** Forgets the tokens of a sequence from a length on, wherever it is. */
    void cut(Sequence sequence, long newLength) {
        long kept = sequence.blocks().canRewind(newLength) ? newLength : 0;
        sequence.cutTo(kept);
        if (kept == 0) {
            sequence.blocks().clear();
            drop(sequence);
        } else if (sequence.isResident()) {
            sequence.blocks().rewind(kept);
        } else {
            sequence.forgetRows();
        }
        if (sequence.isResident()) {
            memory.policyRows().clear(sequence.slot());
        }
    }

    /** What is in use. */
    CacheUse use() {
        long[] pages = new long[numClasses];
        for (int kvClass = 0; kvClass < numClasses; kvClass++) {
            pages[kvClass] = blocks.usedPages(kvClass);
        }
        return new CacheUse(
                open.size(),
                slots.cardinality(),
                Arrays.stream(pages).boxed().toList(),
                swappedBytes,
                swapOuts,
                prefixes.size(),
                prefixes.hits(),
                prefixes.hitTokens());
    }

    @Override
    public void close() {
        open.forEach(this::drop);
    }
}
