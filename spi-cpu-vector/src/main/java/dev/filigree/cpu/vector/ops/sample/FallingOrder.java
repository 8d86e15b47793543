package dev.filigree.cpu.vector.ops.sample;

import dev.filigree.cpu.vector.common.LongHeap;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The tokens of one row in the order (falling logit, rising index), taken from a heap one by one, with their weights. Used
 * again for every row, so that a draw allocates nothing.
 */
final class FallingOrder {
    private final LongHeap heap;
    private final int[] tokens;
    private final double[] weights;
    private long row;
    private double largest;
    private double temperature;
    private int taken;
    private int kept;
    private double total;

    FallingOrder(int vocab) {
        heap = new LongHeap(vocab);
        tokens = new int[vocab];
        weights = new double[vocab];
    }

    /** Begins with a row of f32 whose largest logit is finite. */
    void start(long newRow, double newLargest, double newTemperature) {
        row = newRow;
        largest = newLargest;
        temperature = newTemperature;
        taken = 0;
        heap.clear();
        for (int i = 0; i < tokens.length; i++) {
            heap.put(LongHeap.key(logit(i), i));
        }
        heap.order();
    }

    /** Keeps the first {@code count} tokens. */
    void limit(int count) {
        kept = count;
        total = 0;
        for (int i = 0; i < count; i++) {
            total += count == tokens.length ? weightOf(i) : weight(i);
        }
    }

    /** Tokens kept. */
    int kept() {
        return kept;
    }

    /** Length of the shortest prefix of the kept tokens whose probability reaches {@code topP}. */
    int shortestPrefix(float topP) {
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            sum += weight(i) / total;
            if (sum >= topP) {
                return i + 1;
            }
        }
        return kept;
    }

    /** The first of {@code count} tokens whose running sum of weights exceeds {@code u} times their total. */
    int pick(int count, double u) {
        double all = count == kept ? total : 0;
        for (int i = 0; count < kept && i < count; i++) {
            all += weight(i);
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weight(i);
            if (sum > u * all) {
                return tokens[i];
            }
        }
        return tokens[count - 1];
    }

    private double weight(int rank) {
        for (; taken <= rank; taken++) {
            tokens[taken] = LongHeap.index(heap.take());
            weights[taken] = weightOf(tokens[taken]);
        }
        return weights[rank];
    }

    private double weightOf(int token) {
        return Math.exp((logit(token) - largest) / temperature);
    }

    private float logit(int token) {
        MemorySegment all = Memory.all();
        return all.get(ValueLayout.JAVA_FLOAT_UNALIGNED, row + 4L * token);
    }
}
