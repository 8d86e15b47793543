package dev.filigree.cpu.vector.ops.blockselect;

import java.util.Arrays;

/**
 * The fewest blocks of a row that reach a share of its mass (XAttention section 2.2), the heaviest taken from a heap. Sums
 * are fp64 in ascending block order, so the choice is the definition's to the bit. One per worker.
 */
final class RowChoice {
    final double[] mass;
    final int[] votes;
    private final boolean[] chosen;
    private final int[] heap;
    private int heapSize;
    private int reachable;
    private int sink;
    private int diagonal;

    RowChoice(int maxBlocks) {
        mass = new double[maxBlocks];
        votes = new int[maxBlocks];
        chosen = new boolean[maxBlocks];
        heap = new int[maxBlocks];
    }

    /** Sets the row: blocks below {@code newReachable}, of which sink and diagonal are kept; -1 keeps none. */
    void start(int newReachable, int newSink, int newDiagonal) {
        reachable = newReachable;
        sink = newSink;
        diagonal = newDiagonal;
    }

    int reachable() {
        return reachable;
    }

    boolean isMandatory(int block) {
        return block == sink || block == diagonal;
    }

    boolean isChosen(int block) {
        return chosen[block];
    }

    void set(int block, boolean value) {
        chosen[block] = value;
    }

    /** Chooses by {@link #mass}. */
    void choose(double threshold) {
        double total = 0;
        double taken = 0;
        for (int c = 0; c < reachable; c++) {
            chosen[c] = isMandatory(c);
            total += mass[c];
            taken += chosen[c] ? mass[c] : 0;
        }
        if (!(threshold < 1) || Double.isNaN(total)) {
            Arrays.fill(chosen, 0, reachable, true);
            return;
        }
        if (taken >= threshold * total) {
            return;
        }
        fillHeap();
        while (heapSize > 0 && taken < threshold * total) {
            int next = pop();
            chosen[next] = true;
            taken += mass[next];
        }
    }

    private void fillHeap() {
        heapSize = 0;
        for (int c = 0; c < reachable; c++) {
            if (!chosen[c]) {
                heap[heapSize++] = c;
            }
        }
        for (int i = heapSize / 2 - 1; i >= 0; i--) {
            sink(i);
        }
    }

    private int pop() {
        int top = heap[0];
        heap[0] = heap[--heapSize];
        sink(0);
        return top;
    }

    private void sink(int start) {
        int moved = heap[start];
        int hole = start;
        for (int child = 2 * hole + 1; child < heapSize; child = 2 * hole + 1) {
            if (child + 1 < heapSize && before(heap[child + 1], heap[child])) {
                child++;
            }
            if (!before(heap[child], moved)) {
                break;
            }
            heap[hole] = heap[child];
            hole = child;
        }
        heap[hole] = moved;
    }

    /** Heavier first, ties to the lower block. */
    private boolean before(int a, int b) {
        return mass[a] > mass[b] || (mass[a] == mass[b] && a < b);
    }
}
