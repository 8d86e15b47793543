package dev.filigree.host.calibrate.thresholds;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Minimum threshold prediction (XAttention section 2.3): {@code D[h][m] = max(D[h - 1][m], P(h, m))}, P the score after
 * lowering head h by one step from the state of {@code D[h - 1][m - 1]}. A step multiplies a threshold by {@value #STEP};
 * among equal scores the state with the later step wins, since it is cheaper. Needs up to heads x steps evaluations.
 */
public final class ThresholdSearch {
    private static final double STEP = 0.9;

    private final ThresholdMetric metric;
    private final int numHeads;
    private final int maxSteps;

    /**
     * A search.
     *
     * @param numHeads entries of a threshold vector
     * @param maxSteps steps down, all heads together, 1 or more
     */
    public ThresholdSearch(ThresholdMetric metric, int numHeads, int maxSteps) {
        if (numHeads < 1 || maxSteps < 1) {
            throw new IllegalArgumentException(
                    "a search needs at least 1 head and 1 step, not " + numHeads + " and " + maxSteps);
        }
        this.metric = metric;
        this.numHeads = numHeads;
        this.maxSteps = maxSteps;
    }

    /**
     * Thresholds and what they score.
     *
     * @param steps taken down
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    public record State(double score, float[] thresholds, int steps) {}

    /**
     * Runs the program.
     *
     * @param start threshold of every head at the beginning
     * @param onHead hears of every head that is done
     * @return the best state for each number of steps that can be taken, the start first
     */
    public List<State> run(float start, IntConsumer onHead) {
        float[] all = new float[numHeads];
        Arrays.fill(all, start);
        List<State> best = new ArrayList<>();
        best.add(new State(metric.score(all), all, 0));
        for (int head = 0; head < numHeads; head++) {
            List<State> next = new ArrayList<>(best);
            for (int m = 1; m <= Math.min(maxSteps, best.size()); m++) {
                State lowered = lower(best.get(m - 1), head);
                if (m == next.size()) {
                    next.add(lowered);
                } else if (lowered.score() >= next.get(m).score()) {
                    next.set(m, lowered);
                }
            }
            best = next;
            onHead.accept(head);
        }
        return List.copyOf(best);
    }

    private State lower(State state, int head) {
        float[] thresholds = state.thresholds().clone();
        thresholds[head] = (float) (STEP * thresholds[head]);
        return new State(metric.score(thresholds), thresholds, state.steps() + 1);
    }

    /** The state with the most steps that still scores {@code target}; the start if none does. */
    public static State choose(List<State> states, double target) {
        State chosen = states.getFirst();
        for (State state : states) {
            if (state.score() >= target) {
                chosen = state;
            }
        }
        return chosen;
    }
}
