package dev.filigree.host.quantize.grid;

import dev.filigree.host.quantize.LinearGroup;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.Scheme;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The grids of a group's layers, whose weights lie one below the other. */
public final class GroupGrid {
    private final LinearGroup group;
    private final List<WeightGrid> grids = new ArrayList<>();
    private final int[] starts;

    /** Fits every layer's grid to its part of a stacked weight. */
    public GroupGrid(Scheme scheme, LinearGroup group, float[] stacked) {
        this.group = group;
        starts = new int[group.linears().size() + 1];
        for (int i = 0; i < group.linears().size(); i++) {
            LinearShape linear = group.linears().get(i);
            starts[i + 1] = starts[i] + linear.outFeatures();
            grids.add(GridFit.of(scheme, part(stacked, i), linear.outFeatures(), linear.inFeatures()));
        }
    }

    /** The grid of one layer. */
    public WeightGrid grid(int linear) {
        return grids.get(linear);
    }

    /** The rows of one layer; a copy. */
    public float[] part(float[] stacked, int linear) {
        int columns = group.inFeatures();
        return Arrays.copyOfRange(stacked, starts[linear] * columns, starts[linear + 1] * columns);
    }

    /** First row of a layer. */
    public int start(int linear) {
        return starts[linear];
    }

    /** The numbers nearest to a stacked weight. */
    public float[] round(float[] stacked) {
        if (grids.size() == 1) {
            return grids.getFirst().round(stacked.clone());
        }
        float[] rounded = new float[stacked.length];
        for (int i = 0; i < grids.size(); i++) {
            float[] part = grids.get(i).round(part(stacked, i));
            System.arraycopy(part, 0, rounded, starts[i] * group.inFeatures(), part.length);
        }
        return rounded;
    }

    /** The number nearest to one value of the stacked weight. */
    public float nearest(int row, int column, float value) {
        int linear = 0;
        while (row >= starts[linear + 1]) {
            linear++;
        }
        return grids.get(linear).nearest(row - starts[linear], column, value);
    }
}
