package dev.filigree.cpu.vector.attention;

import static jdk.incubator.vector.VectorOperators.ADD;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Cuts value rows into the panels {@code [numPanels][rows, Lanes.PANEL]} that the micro-kernel reads: rows are contiguous
 * along the columns already, so this only widens and copies; columns past the width become 0.
 */
final class ValuePack {
    private ValuePack() {}

    /** Bytes of scratch for rows that must be widened first. */
    static long scratchBytes(int maxRows, int width) {
        return maxRows * Lanes.roundUpPanel(width) * Float.BYTES;
    }

    /**
     * Packs rows.
     *
     * @param storage how values are stored
     * @param source address of the first row
     * @param stride bytes from row to row
     * @param rows how many
     * @param width numbers in a row
     * @param panels address of row 0 of panel 0 to write
     * @param panelBytes bytes from panel to panel
     * @param scratch {@link #scratchBytes} of memory
     */
    static void pack(
            Storage storage,
            long source,
            long stride,
            int rows,
            int width,
            long panels,
            long panelBytes,
            long scratch) {
        long from = source;
        long step = stride;
        if (storage != Storage.F32 || width % Lanes.PANEL != 0) {
            step = Lanes.roundUpPanel(width) * Float.BYTES;
            from = scratch;
            for (int r = 0; r < rows; r++) {
                long to = scratch + r * step;
                Clear.fill(to + step - Lanes.PANEL_BYTES, Lanes.PANEL, 0f);
                Widen.copy(storage, source + r * stride, to, width);
            }
        }
        int numPanels = Math.ceilDiv(width, Lanes.PANEL);
        for (int p = 0; p < numPanels; p++) {
            copy(from + (long) p * Lanes.PANEL_BYTES, step, rows, panels + p * panelBytes);
        }
    }

    private static void copy(long source, long stride, int rows, long target) {
        MemorySegment all = Memory.all();
        for (int r = 0; r < rows; r++) {
            long from = source + r * stride;
            long to = target + (long) r * Lanes.PANEL_BYTES;
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, from, Lanes.ORDER);
            FloatVector y = FloatVector.fromMemorySegment(Lanes.F32, all, from + Lanes.BYTES, Lanes.ORDER);
            x.intoMemorySegment(all, to, Lanes.ORDER);
            y.intoMemorySegment(all, to + Lanes.BYTES, Lanes.ORDER);
        }
    }

    /** Whether all of {@code count} f32 (a multiple of the lanes) are finite: 0 times any other number is NaN. */
    static boolean finite(long source, int count) {
        MemorySegment all = Memory.all();
        FloatVector sum = FloatVector.zero(Lanes.F32);
        for (int i = 0; i < count; i += Lanes.COUNT) {
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, source + 4L * i, Lanes.ORDER);
            sum = x.mul(0f).add(sum);
        }
        return sum.reduceLanes(ADD) == 0f;
    }
}
