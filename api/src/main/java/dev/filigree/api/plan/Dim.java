package dev.filigree.api.plan;

/**
 * One axis of a symbolic tensor.
 *
 * @param axis the axis name of the glossary in {@code dev.filigree.api.tensor}; variable axes of the same name have
 *     the same extent in a run
 * @param size the extent, or for a variable axis its capacity
 * @param variable whether each run gives the extent
 * @param extra added to the axis value: an offset array has {@code numSeqs + 1} entries
 */
public record Dim(String axis, long size, boolean variable, int extra) {

    /** Checks the extent. */
    public Dim {
        if (size < 0 || extra < 0) {
            throw new IllegalArgumentException("axis " + axis + " must have an extent of 0 or more, not " + size);
        }
    }

    /** An axis whose extent is part of the plan. */
    public static Dim fixed(String axis, long size) {
        return new Dim(axis, size, false, 0);
    }

    /** An axis whose extent each run gives, at most {@code capacity}. */
    public static Dim upTo(String axis, long capacity) {
        return new Dim(axis, capacity, true, 0);
    }

    /** The axis of an offset array over this one: one entry more. */
    public Dim plusOne() {
        return new Dim(axis, size, variable, extra + 1);
    }

    /** The largest extent. */
    public long capacity() {
        return size + extra;
    }

    /** The extent of a run. */
    public long extent(Axes axes) {
        return (variable ? axes.value(axis) : size) + extra;
    }

    @Override
    public String toString() {
        return axis + (extra == 0 ? "" : "+" + extra) + (variable ? "<=" : "=") + capacity();
    }
}
