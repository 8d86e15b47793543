package dev.filigree.cpu.reference.ops.blockselect;

import java.util.Arrays;

/** The fewest blocks of a row that reach a share of its mass (XAttention section 2.2, made canonical). */
final class CumulativeChoice {
    private final boolean[] chosen;
    private int reachable;
    private int sink;
    private int diagonal;

    CumulativeChoice(int maxKvBlocks) {
        chosen = new boolean[maxKvBlocks];
    }

    /** Sets the row: blocks below {@code reachable}, of which sink and diagonal are kept; -1 keeps none. */
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

    void choose(double[] mass, double threshold) {
        double total = 0;
        double taken = 0;
        for (int c = 0; c < reachable; c++) {
            chosen[c] = isMandatory(c);
            total += mass[c];
            taken += chosen[c] ? mass[c] : 0;
        }
        // A threshold of 1 means dense, also where masses underflowed to 0; NaN must hide nothing.
        boolean everything = !(threshold < 1) || Double.isNaN(total);
        if (everything) {
            Arrays.fill(chosen, 0, reachable, true);
        }
        int next = heaviestLeft(mass);
        while (next >= 0 && taken < threshold * total) {
            chosen[next] = true;
            taken += mass[next];
            next = heaviestLeft(mass);
        }
    }

    /** The block of largest mass not chosen yet, the lowest among equals; -1 if none is left. */
    private int heaviestLeft(double[] mass) {
        int best = -1;
        for (int c = 0; c < reachable; c++) {
            if (!chosen[c] && (best < 0 || mass[c] > mass[best])) {
                best = c;
            }
        }
        return best;
    }
}
