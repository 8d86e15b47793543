package dev.filigree.policies.layer;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.plan.Plan;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The host-side arrays and axis extents of one step, by the names that plans give them. Pure: equal lengths give
 * equal arrays.
 *
 * @param arrays i32 contents by tensor name: {@code qOffsets}, {@code positions}, {@code pastLengths}, {@code
 *     kvLengths}, {@code kv.<class>.kvOffsets}, {@code qBlockOffsets.<blockSize>}
 * @param axes extents by axis name: {@code numTokens}, {@code numSeqs}, {@code kv.<class>.numKvTokens}, {@code
 *     numQBlocks.<blockSize>}
 */
public record StepShapes(Map<String, int[]> arrays, Map<String, Long> axes) {
    private static final String BLOCK_AXIS = "numQBlocks.";

    /** Copies the maps, keeping their order. */
    public StepShapes {
        arrays = Collections.unmodifiableMap(new LinkedHashMap<>(arrays));
        axes = Collections.unmodifiableMap(new LinkedHashMap<>(axes));
    }

    /** The block sizes that a plan's variable axes name, ascending. */
    public static SortedSet<Integer> blockSizes(Plan plan) {
        SortedSet<Integer> sizes = new TreeSet<>();
        for (String axis : plan.variableAxes()) {
            if (axis.startsWith(BLOCK_AXIS)) {
                sizes.add(Integer.parseInt(axis.substring(BLOCK_AXIS.length())));
            }
        }
        return sizes;
    }

    /**
     * The shapes of a step.
     *
     * @param kv the cache
     * @param pastLengths {@code [numSeqs]} tokens cached before the step
     * @param newLengths {@code [numSeqs]} tokens of the step, 0 or more
     * @param blockSizes for which block sizes to give block rows
     * @throws IllegalArgumentException if the lists differ in length, a length is negative, or a sum leaves i32
     */
    public static StepShapes of(KvCachePlan kv, int[] pastLengths, int[] newLengths, Collection<Integer> blockSizes) {
        check(pastLengths, newLengths);
        Map<String, int[]> arrays = new LinkedHashMap<>();
        Map<String, Long> axes = new TreeMap<>();
        int[] qOffsets = offsets(pastLengths, newLengths, (past, now) -> now);
        arrays.put("qOffsets", qOffsets);
        arrays.put("positions", positions(pastLengths, newLengths, qOffsets));
        arrays.put("pastLengths", pastLengths.clone());
        arrays.put("kvLengths", kvLengths(pastLengths, newLengths));
        axes.put("numTokens", last(qOffsets));
        axes.put("numSeqs", (long) pastLengths.length);
        for (int kvClass = 0; kvClass < kv.classes().size(); kvClass++) {
            Retention retention = kv.classes().get(kvClass).retention();
            String prefix = "kv." + kv.classes().get(kvClass).name() + ".";
            int[] rows = offsets(pastLengths, newLengths, (past, now) -> retention.retainedTokens(past) + now);
            arrays.put(prefix + "kvOffsets", rows);
            axes.put(prefix + "numKvTokens", last(rows));
        }
        for (int blockSize : new TreeSet<>(blockSizes)) {
            int[] blocks = offsets(pastLengths, newLengths, (past, now) -> blockRows(past, now, blockSize));
            arrays.put("qBlockOffsets." + blockSize, blocks);
            axes.put(BLOCK_AXIS + blockSize, last(blocks));
        }
        return new StepShapes(arrays, axes);
    }

    /** The contents of a tensor. */
    public int[] array(String tensor) {
        int[] array = arrays.get(tensor);
        if (array == null) {
            throw new IllegalArgumentException("a step has arrays " + arrays.keySet() + ", not " + tensor);
        }
        return array;
    }

    /** Block rows of {@code now} tokens from position {@code past} on; blocks lie at absolute positions. */
    static long blockRows(long past, long now, int blockSize) {
        return now == 0 ? 0 : Math.ceilDiv(past + now, (long) blockSize) - past / blockSize;
    }

    private interface Rows {
        long of(long past, long now);
    }

    private static int[] offsets(int[] past, int[] now, Rows rows) {
        int[] offsets = new int[past.length + 1];
        long sum = 0;
        for (int seq = 0; seq < past.length; seq++) {
            sum += rows.of(past[seq], now[seq]);
            if (sum > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "a step must have at most " + Integer.MAX_VALUE + " rows, not " + sum);
            }
            offsets[seq + 1] = (int) sum;
        }
        return offsets;
    }

    private static int[] positions(int[] past, int[] now, int[] qOffsets) {
        int[] positions = new int[qOffsets[past.length]];
        for (int seq = 0; seq < past.length; seq++) {
            for (int i = 0; i < now[seq]; i++) {
                positions[qOffsets[seq] + i] = past[seq] + i;
            }
        }
        return positions;
    }

    private static int[] kvLengths(int[] past, int[] now) {
        int[] lengths = new int[past.length];
        for (int seq = 0; seq < past.length; seq++) {
            lengths[seq] = past[seq] + now[seq];
        }
        return lengths;
    }

    private static long last(int[] offsets) {
        return offsets[offsets.length - 1];
    }

    private static void check(int[] past, int[] now) {
        if (past.length != now.length) {
            throw new IllegalArgumentException(
                    "pastLengths and newLengths must be equally long, not " + past.length + " and " + now.length);
        }
        for (int seq = 0; seq < past.length; seq++) {
            if (past[seq] < 0 || now[seq] < 0 || (long) past[seq] + now[seq] > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "sequence " + seq + " must have lengths of 0 or more and together at " + "most "
                                + Integer.MAX_VALUE + ", not " + past[seq] + " and " + now[seq]);
            }
        }
    }
}
