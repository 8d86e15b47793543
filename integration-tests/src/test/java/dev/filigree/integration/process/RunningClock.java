package dev.filigree.integration.process;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the time that this process ran. Long runs share their machine: while somebody else stops the process or takes all
 * processors, it grows no older, so that a duration says what was done and a pause is not taken for a hang.
 */
public final class RunningClock {
    private static final long TICK_MILLIS = 50;
    private static final long MAX_TICK_NANOS = 4 * TICK_MILLIS * 1_000_000;
    private static final AtomicLong NANOS = new AtomicLong();

    static {
        Thread.ofPlatform().daemon().name("running-clock").start(RunningClock::tick);
    }

    private RunningClock() {}

    /** Nanoseconds that count, from some moment on. */
    public static long nanoTime() {
        return NANOS.get();
    }

    private static void tick() {
        long last = System.nanoTime();
        while (true) {
            try {
                Thread.sleep(TICK_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
            long now = System.nanoTime();
            NANOS.addAndGet(Math.min(now - last, MAX_TICK_NANOS));
            last = now;
        }
    }
}
