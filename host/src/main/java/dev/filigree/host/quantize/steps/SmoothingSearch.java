package dev.filigree.host.quantize.steps;

import dev.filigree.host.quantize.QuantizeRecipe;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Candidates of the smoothing vector (SVDQuant section 4.1): {@code max|x_i|^alpha / max|w_i|^beta} per input channel,
 * over what the calibration saw and the rows of all weights of the group.
 */
public final class SmoothingSearch {
    private final float[] xSpans;
    private final float[] wSpans;

    /**
     * A search.
     *
     * @param x {@code [rows, columns]}
     * @param weight {@code [outFeatures, columns]}
     */
    public SmoothingSearch(float[] x, float[] weight, int columns) {
        xSpans = spans(x, columns);
        wSpans = spans(weight, columns);
    }

    /** The exponents of one candidate. */
    public record Exponents(double alpha, double beta) {}

    /** Candidates in the order of the search, no smoothing first. */
    public static List<Exponents> candidates(QuantizeRecipe.Smoothing smoothing, int grids) {
        List<Exponents> all = new ArrayList<>(List.of(new Exponents(0, 0)));
        for (int j = 1; j < grids; j++) {
            double c = (double) j / grids;
            switch (smoothing) {
                case NONE -> {}
                case ALPHA, FULL -> all.add(new Exponents(c, 0));
                case BALANCED -> all.add(new Exponents(c, 1 - c));
                case GRID -> {
                    for (int i = 0; i < grids; i++) {
                        all.add(new Exponents(c, (double) i / grids));
                    }
                }
            }
        }
        if (smoothing == QuantizeRecipe.Smoothing.FULL) {
            for (int j = 1; j < grids; j++) {
                all.add(new Exponents((double) j / grids, 1 - (double) j / grids));
            }
        }
        return all;
    }

    /**
     * The vector of a candidate. A channel whose input or weight is dead is not smoothed; the original gives up on the whole
     * group there.
     */
    public float[] vector(Exponents exponents) {
        float[] smooth = new float[xSpans.length];
        for (int i = 0; i < smooth.length; i++) {
            double value = Math.pow(xSpans[i], exponents.alpha()) / Math.pow(wSpans[i], exponents.beta());
            boolean usable = value > 0 && Float.isFinite((float) value) && (float) value >= Float.MIN_NORMAL;
            smooth[i] = usable ? (float) value : 1;
        }
        return smooth;
    }

    /** The largest magnitude of each input channel; a copy. */
    public float[] xSpans() {
        return xSpans.clone();
    }

    /** The largest magnitude of each weight column; a copy. */
    public float[] wSpans() {
        return wSpans.clone();
    }

    static float[] spans(float[] values, int columns) {
        float[] spans = new float[columns];
        for (int i = 0; i < values.length; i += columns) {
            for (int c = 0; c < columns; c++) {
                spans[c] = Math.max(spans[c], Math.abs(values[i + c]));
            }
        }
        return spans;
    }

    /** A vector that changes nothing. */
    static float[] ones(int columns) {
        float[] ones = new float[columns];
        Arrays.fill(ones, 1);
        return ones;
    }
}
