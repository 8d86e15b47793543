package dev.filigree.conformance.compare;

import java.util.function.IntFunction;

/**
 * Compares two series of floats: positions of NaN and infinities first, then each element absolutely or relatively,
 * then the whole by normalised mean squared error.
 */
final class ArrayCompare {
    private final float[] expected;
    private final float[] actual;
    private final Tolerance tolerance;
    private final IntFunction<String> place;
    private double errorSquares;
    private double expectedSquares;
    private double actualSquares;
    private double product;
    private double worst = -1;
    private int worstAt;
    private int numPassed;

    ArrayCompare(float[] expected, float[] actual, Tolerance tolerance, IntFunction<String> place) {
        this.expected = expected;
        this.actual = actual;
        this.tolerance = tolerance;
        this.place = place;
    }

    Comparison compare() {
        if (expected.length != actual.length) {
            return Comparison.failed("expected " + expected.length + " elements, found " + actual.length);
        }
        for (int i = 0; i < expected.length; i++) {
            if (!sameKind(expected[i], actual[i])) {
                return Comparison.failed("at " + place.apply(i) + " expected " + expected[i] + ", found " + actual[i]
                        + " (NaN and infinities must stand in the same places)");
            }
        }
        if (expected.length == 0) {
            return Comparison.equal();
        }
        accumulate();
        judgeElements();
        return verdict();
    }

    private static boolean sameKind(float expected, float actual) {
        if (Float.isNaN(expected) || Float.isNaN(actual)) {
            return Float.isNaN(expected) && Float.isNaN(actual);
        }
        return !(Float.isInfinite(expected) || Float.isInfinite(actual)) || expected == actual;
    }

    private void accumulate() {
        for (int i = 0; i < expected.length; i++) {
            if (Float.isFinite(expected[i])) {
                double e = expected[i];
                double a = actual[i];
                errorSquares += (a - e) * (a - e);
                expectedSquares += e * e;
                actualSquares += a * a;
                product += a * e;
            }
        }
    }

    private void judgeElements() {
        double[] limits = tolerance.limits(expected);
        for (int i = 0; i < expected.length; i++) {
            double error = Float.isFinite(expected[i]) ? Math.abs((double) actual[i] - expected[i]) : 0;
            double used = error == 0 ? 0 : limits[i] == 0 ? Double.POSITIVE_INFINITY : error / limits[i];
            if (used <= 1) {
                numPassed++;
            }
            if (used > worst) {
                worst = used;
                worstAt = i;
            }
        }
    }

    private Comparison verdict() {
        double flushed = expected.length * (double) Float.MIN_NORMAL * Float.MIN_NORMAL;
        double nmse = errorSquares <= flushed ? 0 : errorSquares / expectedSquares;
        double cosine = errorSquares == 0 ? 1 : product / Math.sqrt(expectedSquares * actualSquares);
        double wholeUse = nmse == 0 ? 0 : Math.sqrt(nmse / tolerance.nmse());
        double margin = Math.max(worst, wholeUse);
        double passRatio = numPassed / (double) expected.length;
        String message = String.format(
                "worst at %s: expected %.9g, found %.9g; %.4f%% of %d elements pass; nmse %.3g (allowed %.3g), cosine"
                        + " %.9f; uses %.3g of the tolerance (%s)",
                place.apply(worstAt),
                expected[worstAt],
                actual[worstAt],
                100 * passRatio,
                expected.length,
                nmse,
                tolerance.nmse(),
                cosine,
                margin,
                tolerance);
        return new Comparison(margin <= 1, margin, passRatio, message);
    }
}
