package dev.filigree.host.eval;

import dev.filigree.host.needle.NeedleTask;
import java.util.ArrayList;
import java.util.List;

/**
 * Which prompts are asked.
 *
 * @param tasks what is asked
 * @param sizes tokens of prompt and answer
 * @param promptsPerTask prompts of each task and size, their needles spread evenly over the depths
 * @param depths where needles stand
 * @param seed of everything random
 */
public record EvalPlan(List<NeedleTask> tasks, List<Integer> sizes, int promptsPerTask, Depths depths, long seed) {

    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if there is nothing to ask
     */
    public EvalPlan {
        tasks = List.copyOf(tasks);
        sizes = List.copyOf(sizes);
        if (tasks.isEmpty() || sizes.isEmpty() || promptsPerTask < 1) {
            throw new IllegalArgumentException(
                    "an evaluation needs at least one task, one size and one prompt of each, not " + tasks.size() + ", "
                            + sizes.size() + " and " + promptsPerTask);
        }
    }

    /**
     * A range of depths. Needles at its ends may lie within a streaming head's sink or window.
     *
     * @param first 0 for the start of the text
     * @param last at least first; 1 for right before the question
     */
    public record Depths(double first, double last) {
        /** From the start to the question. */
        public static final Depths ALL = new Depths(0, 1);

        /**
         * Checks the range.
         *
         * @throws IllegalArgumentException if it is none
         */
        public Depths {
            if (!(first >= 0 && first <= last && last <= 1)) {
                throw new IllegalArgumentException("depths must ascend from 0 to 1, not " + first + " to " + last);
            }
        }

        private double of(int index, int count) {
            return count == 1 ? (first + last) / 2 : first + (last - first) * index / (count - 1.0);
        }
    }

    /**
     * One prompt by what makes it.
     *
     * @param task what is asked
     * @param size tokens of prompt and answer
     * @param depth of the needle, 0 to 1
     * @param seed of its randomness
     */
    public record Case(NeedleTask task, int size, double depth, long seed) {
        @Override
        public String toString() {
            return task.id() + "-" + size + "-" + Math.round(depth * 1000) + "-" + seed;
        }
    }

    /** All prompts, the shortest first. */
    public List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int size : sizes.stream().sorted().toList()) {
            for (NeedleTask task : tasks) {
                for (int i = 0; i < promptsPerTask; i++) {
                    cases.add(new Case(task, size, depths.of(i, promptsPerTask), seed + i));
                }
            }
        }
        return cases;
    }

    /** The largest size. */
    public int maxSize() {
        return sizes.stream().mapToInt(Integer::intValue).max().orElseThrow();
    }
}
