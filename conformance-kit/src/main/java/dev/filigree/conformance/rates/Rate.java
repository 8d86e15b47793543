package dev.filigree.conformance.rates;

import java.util.Locale;

/**
 * What a shape took.
 *
 * @param seconds per layer
 * @param share of the reachable blocks or cached tokens that attention read, 1 where nothing is left out
 * @param amount operations or bytes per layer
 * @param unit of amount: {@code FLOP} or {@code B}
 */
record Rate(double seconds, double share, double amount, String unit) {

    /** A rate by operations. */
    static Rate flops(double seconds, double share, double flops) {
        return new Rate(seconds, share, flops, "FLOP");
    }

    /** A rate by bytes. */
    static Rate bytes(double seconds, double share, double bytes) {
        return new Rate(seconds, share, bytes, "B");
    }

    /** Microseconds, share and rate as cells of a table. */
    String cells() {
        double rate = amount / seconds;
        return String.format(
                Locale.ROOT,
                "%.1f | %.4f | %s",
                seconds * 1e6,
                share,
                unit.equals("B")
                        ? String.format(Locale.ROOT, "%.0f GB/s", rate / 1e9)
                        : String.format(Locale.ROOT, "%.4g TFLOP/s", rate / 1e12));
    }
}
