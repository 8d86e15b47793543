package dev.filigree.host.cli;

import java.util.Locale;

/** Numbers for people. */
final class Units {
    private static final String[] BYTES = {"B", "KiB", "MiB", "GiB", "TiB"};
    private static final String[] COUNTS = {"", "K", "M", "G", "T", "P"};

    private Units() {}

    /** Such as {@code 12.5 MiB}. */
    static String bytes(double bytes) {
        return scaled(bytes, 1024, BYTES);
    }

    /** Such as {@code 1.3 G}. */
    static String count(double count) {
        return scaled(count, 1000, COUNTS).strip();
    }

    /** A number of at most one decimal. */
    static String rate(double perSecond) {
        return String.format(Locale.ROOT, perSecond < 100 ? "%.1f" : "%.0f", perSecond);
    }

    /** A share such as {@code 12.5 %}. */
    static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    /** Seconds such as {@code 1.25 s}. */
    static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
    }

    private static String scaled(double value, double step, String[] units) {
        int unit = 0;
        double scaled = value;
        while (scaled >= step && unit < units.length - 1) {
            scaled /= step;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", scaled, units[unit]);
    }
}
