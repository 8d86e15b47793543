package dev.filigree.api.tensor;

import java.util.Arrays;
import java.util.List;

/**
 * Distances between neighbours along each axis, in elements, outermost axis first.
 *
 * @param steps one distance per axis, 0 or more
 */
public record Strides(List<Long> steps) {

    /** Checks that every distance is 0 or more. */
    public Strides {
        steps = List.copyOf(steps);
        for (long step : steps) {
            if (step < 0) {
                throw new IllegalArgumentException("strides must be 0 or more, not " + steps);
            }
        }
    }

    /** Strides of the given distances in elements. */
    public static Strides of(long... steps) {
        return new Strides(Arrays.stream(steps).boxed().toList());
    }

    /** The distance in elements along one axis. */
    public long step(int axis) {
        return steps.get(axis);
    }

    @Override
    public String toString() {
        return steps.toString();
    }
}
