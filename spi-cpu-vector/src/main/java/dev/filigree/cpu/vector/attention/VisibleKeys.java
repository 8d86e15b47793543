package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/**
 * Which keys a query sees, as two ranges of key numbers: the sink {@code [0, sinkEnd)} and the window {@code [low, high)}.
 * Dense causal heads have an empty sink and a window from 0; bidirectional ones a window of all keys.
 */
public final class VisibleKeys {
    /** Bytes of one query's entry: sinkEnd, low, high as i32. */
    static final long ENTRY_BYTES = 12;

    /** A window that is never left. */
    public static final int UNLIMITED = Integer.MAX_VALUE;

    private final boolean causal;
    private final int sink;
    private final int recent;
    private long qPositions;
    private long kvPositions;

    private VisibleKeys(boolean causal, int sink, int recent) {
        this.causal = causal;
        this.sink = sink;
        this.recent = recent;
    }

    /** Every key, or every key up to the query's own position. */
    public static VisibleKeys dense(boolean causal) {
        return new VisibleKeys(causal, 0, UNLIMITED);
    }

    /** The first {@code sink} and the last {@code recent} positions up to the query's own. */
    public static VisibleKeys streaming(int sink, int recent) {
        return new VisibleKeys(true, sink, recent);
    }

    /**
     * Gives tokens explicit positions.
     *
     * @param queries address of {@code [numTokens]} i32, or 0
     * @param keys address of {@code [numKvTokens]} i32, or 0
     */
    public void positions(long queries, long keys) {
        qPositions = queries;
        kvPositions = keys;
    }

    /**
     * Columns of a tile that holds all that a block of neighbouring queries sees: the sink, then the window, each from the
     * start of a panel on; 0 for heads without a window.
     *
     * @param tokens neighbouring queries
     */
    long columns(int tokens) {
        if (recent == UNLIMITED) {
            return 0;
        }
        return Lanes.roundUpPanel(sink) + Lanes.roundUpPanel((long) recent + tokens + Lanes.PANEL);
    }

    /** How many keys of a sequence belong to the sink. */
    long sinkKeys(long firstKey, long numKeys) {
        return keysBelow(sink, firstKey, numKeys);
    }

    /**
     * Writes the entry of one query.
     *
     * @param query row of the query in the batch
     * @param implied its position when none is given: {@code i + (Lk - Lq)}
     * @param firstKey row of the sequence's first key in the batch
     * @param numKeys keys of the sequence
     * @param entry address of the entry
     */
    void write(long query, long implied, long firstKey, long numKeys, long entry) {
        MemorySegment all = Memory.all();
        long sinkEnd = 0;
        long low = 0;
        long high = numKeys;
        if (causal) {
            long position = qPositions == 0 ? implied : all.get(JAVA_INT_UNALIGNED, qPositions + 4 * query);
            high = keysBelow(position + 1, firstKey, numKeys);
            if (recent != UNLIMITED) {
                low = keysBelow(position - recent + 1, firstKey, numKeys);
                sinkEnd = Math.min(keysBelow(sink, firstKey, numKeys), high);
            }
        }
        all.set(JAVA_INT, entry, (int) sinkEnd);
        all.set(JAVA_INT, entry + 4, (int) low);
        all.set(JAVA_INT, entry + 8, (int) high);
    }

    /** How many keys stand below a position; keys ascend. */
    private long keysBelow(long position, long firstKey, long numKeys) {
        if (kvPositions == 0) {
            return Math.clamp(position, 0, numKeys);
        }
        MemorySegment all = Memory.all();
        long low = 0;
        long high = numKeys;
        while (low < high) {
            long middle = (low + high) >>> 1;
            if (all.get(JAVA_INT_UNALIGNED, kvPositions + 4 * (firstKey + middle)) < position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
