package dev.filigree.host.quantize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.quantize.grid.GridFit;
import dev.filigree.host.quantize.grid.WeightGrid;
import org.junit.jupiter.api.Test;

/** Grids at their edges. */
class GridFitTest {
    private static final int TOP = 119;
    private static final int GROUP = 128;

    /**
     * QServe section 4.1: with a first level of at most 119 no pair of extremes makes the second level leave int8. All pairs
     * are tried, as integers of a channel whose scale is 1.
     */
    @Test
    void groupsOverInt8StayInInt8ForEveryPairOfExtremes() {
        for (int low = -TOP; low <= 0; low++) {
            float[] weight = new float[(TOP + 1) * 2 * GROUP];
            for (int high = 0; high <= TOP; high++) {
                weight[high * 2 * GROUP] = TOP;
                weight[high * 2 * GROUP + GROUP] = low;
                weight[high * 2 * GROUP + GROUP + 1] = high;
            }
            WeightGrid grid = GridFit.of(Scheme.W4A8_PROGRESSIVE, weight, TOP + 1, 2 * GROUP);
            float[] rounded = grid.round(weight.clone());
            for (int high = 0; high <= TOP; high++) {
                for (int channel = 0; channel < 2; channel++) {
                    float value = rounded[high * 2 * GROUP + GROUP + channel];
                    String told = low + " to " + high + ": " + value;
                    assertEquals(Math.rint(value), value, told);
                    assertTrue(value >= -128 && value <= 127, told);
                }
            }
        }
    }
}
