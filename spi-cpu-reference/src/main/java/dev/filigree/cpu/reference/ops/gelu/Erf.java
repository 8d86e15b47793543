package dev.filigree.cpu.reference.ops.gelu;

/** The complementary error function in fp64 (Abramowitz and Stegun 1964, 7.1.6 and 7.1.14). */
final class Erf {
    private Erf() {}

    static double erfc(double z) {
        if (z > 2) {
            return fraction(z);
        }
        return z < -2 ? 2 - fraction(-z) : 1 - series(z);
    }

    /** {@code erf(z) = 2 / sqrt(pi) * exp(-z^2) * sum_n 2^n z^(2n+1) / (1 * 3 * ... * (2n+1))}; no cancellation. */
    private static double series(double z) {
        double term = z;
        double sum = z;
        for (int n = 1; n <= 60; n++) {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
    }

    /** {@code erfc(z) = exp(-z^2) / sqrt(pi) / (z + 1/2 / (z + 1 / (z + 3/2 / (z + ...))))} for z above 2. */
    private static double fraction(double z) {
        double tail = z;
        for (int n = 100; n >= 1; n--) {
            tail = z + n / 2.0 / tail;
        }
        return Math.exp(-z * z) / Math.sqrt(Math.PI) / tail;
    }
}
