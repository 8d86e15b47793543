package dev.filigree.host.cli;

import java.io.PrintWriter;

/**
 * Progress on standard error: a bar that moves on a terminal, and elsewhere a line now and then. Nothing is shown for work
 * that is done within two seconds.
 */
final class ProgressBar {
    private static final long QUIET_NANOS = 2_000_000_000L;
    private static final long TERMINAL_NANOS = 100_000_000L;
    private static final long LINE_NANOS = 10_000_000_000L;
    private static final int WIDTH = 30;

    private final PrintWriter err;
    private final boolean terminal;
    private final long start;
    private long lastShown;
    private boolean shown;

    ProgressBar(PrintWriter err) {
        this(err, System.console() != null && System.console().isTerminal(), System.nanoTime());
    }

    ProgressBar(PrintWriter err, boolean terminal, long startNanos) {
        this.err = err;
        this.terminal = terminal;
        this.start = startNanos;
        this.lastShown = startNanos;
    }

    void show(String what, long done, long total) {
        showAt(System.nanoTime(), what, done, total);
    }

    void showAt(long now, String what, long done, long total) {
        boolean due = now - start >= QUIET_NANOS && now - lastShown >= (terminal ? TERMINAL_NANOS : LINE_NANOS);
        if (!due && !(shown && terminal && done == total)) {
            return;
        }
        lastShown = now;
        shown = true;
        String text = what + " " + bar(done, total) + " " + done + " of " + total;
        if (terminal) {
            err.print("\r\033[K" + text);
        } else {
            err.println(text);
        }
        err.flush();
    }

    /** Takes the bar away. */
    void clear() {
        if (shown && terminal) {
            err.print("\r\033[K");
            err.flush();
        }
    }

    private static String bar(long done, long total) {
        int filled = total == 0 ? WIDTH : (int) (WIDTH * done / total);
        return "[" + "#".repeat(filled) + ".".repeat(WIDTH - filled) + "]";
    }
}
