package dev.filigree.host.engine;

import dev.filigree.api.attention.Phase;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Prompt beginnings that were read and stay in the cache, so that a prompt that begins with one of them shares its pages in
 * place of reading it again. A beginning ends where a prompt chunk ends; so the rest is cut into the chunks that it is cut
 * into alone, and the answer is the same to the bit. Beginnings are forks: their pages are copied when a sequence writes them,
 * rings included. The one used longest ago makes room, whenever pages are wanted for anything else. Not thread-safe.
 */
final class PrefixCache {
    private final BlockManager blocks;
    private final int maxPrefixes;
    private final int chunkTokens;
    private final int chunkMultiple;
    private final Map<Prefix, SequenceBlocks> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long hits;
    private long hitTokens;

    /** Tokens as a key. */
    private record Prefix(int[] ids) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Prefix prefix && Arrays.equals(ids, prefix.ids);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(ids);
        }

        boolean begins(int[] prompt, int size) {
            return ids.length < size && Arrays.equals(ids, 0, ids.length, prompt, 0, ids.length);
        }
    }

    /**
     * A cache of beginnings.
     *
     * @param blocks whose pages are kept
     * @param maxPrefixes beginnings kept at the same time, 0 to keep none
     * @param chunkTokens prompt tokens of one step
     * @param chunkMultiple where chunks may end
     */
    PrefixCache(BlockManager blocks, int maxPrefixes, int chunkTokens, int chunkMultiple) {
        this.blocks = blocks;
        this.maxPrefixes = maxPrefixes;
        this.chunkTokens = chunkTokens;
        this.chunkMultiple = chunkMultiple;
    }

    /** Keeps what a step has read, if it was the next whole chunk of a prompt that has read nothing else. */
    void read(Step step) {
        if (maxPrefixes == 0 || step.phase() != Phase.PREFILL || step.numSeqs() != 1) {
            return;
        }
        Sequence sequence = step.sequence(0);
        WholeChunks chunks = sequence.chunks();
        long end = ((long) chunks.size() + chunkTokens) / chunkMultiple * chunkMultiple;
        if (chunks.size() + (long) step.count(0) != sequence.length() || sequence.length() != end) {
            return;
        }
        chunks.add(step, 0);
        keep(chunks.ids(), sequence.blocks());
    }

    /**
     * Keeps a beginning.
     *
     * @param ids all tokens of a sequence
     * @param pages its pages
     */
    void keep(int[] ids, SequenceBlocks pages) {
        Prefix prefix = new Prefix(ids);
        if (kept.get(prefix) == null) {
            kept.put(prefix, blocks.fork(pages));
            if (kept.size() > maxPrefixes) {
                dropOldest();
            }
        }
    }

    /**
     * Gives an empty sequence the pages of the longest beginning of its prompt, as long as a token is left to be read.
     *
     * @param prompt the sequence's tokens, {@code size} of them
     */
    void share(Sequence sequence, int[] prompt, int size) {
        int shared = share(sequence.blocks(), prompt, size);
        if (shared > 0) {
            sequence.cutTo(shared);
            sequence.chunks().start(Arrays.copyOf(prompt, shared));
        }
    }

    /** As {@link #share(Sequence, int[], int)} for pages alone; returns the tokens that they hold then. */
    int share(SequenceBlocks empty, int[] prompt, int size) {
        Prefix longest = null;
        for (Prefix prefix : kept.keySet()) {
            if (prefix.begins(prompt, size) && (longest == null || prefix.ids().length > longest.ids().length)) {
                longest = prefix;
            }
        }
        if (longest == null) {
            return 0;
        }
        blocks.share(empty, Objects.requireNonNull(kept.get(longest)));
        return longest.ids().length;
    }

    /** Counts a prompt that goes on from a shared beginning. */
    void hit(Sequence sequence) {
        hits++;
        hitTokens += sequence.length();
    }

    /** Gives back the pages of the beginning used longest ago; false if there is none. */
    boolean dropOldest() {
        Iterator<SequenceBlocks> oldest = kept.values().iterator();
        if (!oldest.hasNext()) {
            return false;
        }
        oldest.next().clear();
        oldest.remove();
        return true;
    }

    /** Pages of every beginning, the one used longest ago first. */
    Collection<SequenceBlocks> kept() {
        return Collections.unmodifiableCollection(kept.values());
    }

    int size() {
        return kept.size();
    }

    long hits() {
        return hits;
    }

    long hitTokens() {
        return hitTokens;
    }
}
