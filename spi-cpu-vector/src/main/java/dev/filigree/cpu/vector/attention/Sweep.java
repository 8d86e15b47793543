package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
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

    /**
     * Reads every line of some rows.
     *
     * @param from address of the first row
     * @param stride bytes from row to row
     * @param rows how many
     * @param bytes of a row, 1 or more
     * @return a mix of what it saw
     */
    static int rows(long from, long stride, int rows, int bytes) {
        if (stride == bytes) {
            return lines(from, Math.multiplyExact(rows, bytes));
        }
        int mix = 0;
        for (int r = 0; r < rows; r++) {
            mix |= lines(from + r * stride, bytes);
        }
        return mix;
    }

    private static int lines(long from, int bytes) {
        MemorySegment all = Memory.all();
        int mix = 0;
        for (int i = 0; i < bytes; i += LINE) {
            mix |= all.get(JAVA_BYTE, from + i);
        }
        return mix | all.get(JAVA_BYTE, from + bytes - 1);
    }
}
