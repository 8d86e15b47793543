package dev.filigree.api.plan;

/** Extents of the variable axes of one run. */
@FunctionalInterface
public interface Axes {

    /**
     * The extent of a variable axis.
     *
     * @throws PlanException if the axis is not one of the plan's variable axes
     */
    long value(String axis);
}
