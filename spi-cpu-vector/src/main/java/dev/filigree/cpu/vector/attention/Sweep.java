package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/**
 * Brings memory into the nearest cache by reading one number of each line, in order. A product does some ten instructions a
 * line, so the few hundred that a core looks ahead reach too few lines to hide how far memory is; a sweep does two.
 */
final class Sweep {
    private static final int LINE = 64;

    private Sweep() {}

    /** Reads every line of a range that it fills; returns a mix of what it saw, so that the reads are not dropped. */
    static long over(long from, long bytes) {
        MemorySegment all = Memory.all();
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        int lines = (int) (bytes / LINE);
        int whole = lines & -4;
        for (int i = 0; i < whole; i += 4) {
            long at = from + (long) LINE * i;
            a |= all.get(JAVA_LONG_UNALIGNED, at);
            b |= all.get(JAVA_LONG_UNALIGNED, at + LINE);
            c |= all.get(JAVA_LONG_UNALIGNED, at + 2 * LINE);
            d |= all.get(JAVA_LONG_UNALIGNED, at + 3 * LINE);
        }
        for (int i = whole; i < lines; i++) {
            a |= all.get(JAVA_LONG_UNALIGNED, from + (long) LINE * i);
        }
        return a | b | c | d;
    }
}
