package dev.filigree.conformance.compare;

/**
 * How far a result may be from what is expected. An element passes if its error is at most {@code abs} times the root
 * mean square of the expected tensor, or at most {@code rel} times the expected value; the whole tensor passes if
 * its normalised mean squared error is at most {@code nmse} besides.
 *
 * @param abs in units of the expected tensor's root mean square
 * @param rel in units of the expected element
 * @param nmse bound on {@code sum (actual - expected)^2 / sum expected^2}
 */
public record Tolerance(double abs, double rel, double nmse) {

    /** Equal bits. */
    public static final Tolerance EXACT = new Tolerance(0, 0, 0);

    /** Whether only equal bits pass. */
    public boolean isExact() {
        return abs == 0 && rel == 0;
    }

    /** How far each element may be from an expected tensor's. Devices may flush subnormal results to zero. */
    public double[] limits(float[] expected) {
        double floor = isExact() ? 0 : Math.max(abs * rms(expected), Float.MIN_NORMAL);
        double[] limits = new double[expected.length];
        for (int i = 0; i < limits.length; i++) {
            limits[i] = Math.max(floor, rel * Math.abs((double) expected[i]));
        }
        return limits;
    }

    /** Root mean square of the finite values; 0 if there are none. */
    static double rms(float[] values) {
        double squares = 0;
        int finite = 0;
        for (float value : values) {
            if (Float.isFinite(value)) {
                squares += (double) value * value;
                finite++;
            }
        }
        return finite == 0 ? 0 : Math.sqrt(squares / finite);
    }

    /** The tolerance between two computed results, each of which may be this far from the truth. */
    public Tolerance betweenResults() {
        return new Tolerance(2 * abs, 2 * rel, 4 * nmse);
    }

    @Override
    public String toString() {
        return isExact() ? "exact" : String.format("%.2g rms or %.2g of the value, nmse %.2g", abs, rel, nmse);
    }
}
