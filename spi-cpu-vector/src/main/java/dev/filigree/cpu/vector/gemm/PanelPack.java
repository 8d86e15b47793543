package dev.filigree.cpu.vector.gemm;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;

/**
 * Turns rows that are contiguous along the depth (weights, keys) into the panel {@code [depth, Lanes.PANEL]} that
 * {@link MicroKernel} reads: a transpose, widened to f32, zero where rows are missing.
 *
 * <p>A square of {@code Lanes.COUNT} rows is transposed by repeating one step log2 times: row i of the result is the lower
 * half, row i + 1 the upper half of row i/2 interleaved with the row half a square further on. One pair of constant
 * index vectors serves every step and every lane width. Two steps at a time stay in registers.
 */
public final class PanelPack {
    private static final int[] ZIP_LOW = zip(0);
    private static final int[] ZIP_HIGH = zip(Lanes.COUNT / 2);
    private static final int STEPS = Integer.numberOfTrailingZeros(Lanes.COUNT);
    private static final long SQUARE_BYTES = (long) Lanes.COUNT * Lanes.BYTES;

    private PanelPack() {}

    /**
     * Returns the scratch that {@link #pack} needs.
     *
     * @param depth largest depth of one call
     * @return bytes
     */
    public static long scratchBytes(int depth) {
        return SQUARE_BYTES + Lanes.COUNT * Lanes.roundUp(depth) * Float.BYTES;
    }

    /**
     * Packs one panel.
     *
     * @param storage how the source is stored
     * @param source address of {@code [rows, depth]}, depth contiguous
     * @param rowStride bytes from row to row
     * @param rows valid rows, 1 to {@code Lanes.PANEL}
     * @param depth numbers in a row
     * @param panel address of the target, {@code [roundUp(depth), Lanes.PANEL]} f32
     * @param scratch address of {@link #scratchBytes} of memory
     */
    public static void pack(
            Storage storage, long source, long rowStride, int rows, int depth, long panel, long scratch) {
        long staging = scratch + SQUARE_BYTES;
        long stagingStride = Lanes.roundUp(depth) * Float.BYTES;
        for (int half = 0; half < 2; half++) {
            int first = half * Lanes.COUNT;
            int valid = Math.clamp(rows - first, 0, Lanes.COUNT);
            long from = source + first * rowStride;
            long to = panel + (long) half * Lanes.BYTES;
            if (storage == Storage.F32 && valid == Lanes.COUNT && depth % Lanes.COUNT == 0) {
                squares(from, rowStride, depth, to, scratch);
            } else {
                stage(storage, from, rowStride, valid, depth, staging, stagingStride);
                squares(staging, stagingStride, depth, to, scratch);
            }
        }
    }

    private static void stage(
            Storage storage, long source, long rowStride, int valid, int depth, long staging, long stagingStride) {
        for (int row = 0; row < Lanes.COUNT; row++) {
            long to = staging + row * stagingStride;
            if (row < valid) {
                Clear.fill(to + stagingStride - Lanes.BYTES, Lanes.COUNT, 0f);
                Widen.copy(storage, source + row * rowStride, to, depth);
            } else {
                Clear.fill(to, (int) (stagingStride / Float.BYTES), 0f);
            }
        }
    }

    private static void squares(long source, long rowStride, int depth, long panel, long scratch) {
        for (int k = 0; k < depth; k += Lanes.COUNT) {
            long from = source + 4L * k;
            long stride = rowStride;
            if (STEPS > 2) {
                if (STEPS % 2 == 0) {
                    twoSteps(from, stride, scratch, Lanes.BYTES);
                } else {
                    oneStep(from, stride, scratch, Lanes.BYTES);
                }
                from = scratch;
                stride = Lanes.BYTES;
            }
            twoSteps(from, stride, panel + (long) k * Lanes.PANEL_BYTES, Lanes.PANEL_BYTES);
        }
    }

    private static void oneStep(long source, long stride, long target, long targetStride) {
        MemorySegment all = Memory.all();
        IntVector low = IntVector.fromArray(Lanes.I32, ZIP_LOW, 0);
        IntVector high = IntVector.fromArray(Lanes.I32, ZIP_HIGH, 0);
        long half = Lanes.COUNT / 2 * stride;
        for (int i = 0; i < Lanes.COUNT / 2; i++) {
            long from = source + i * stride;
            long to = target + 2 * i * targetStride;
            IntVector a = IntVector.fromMemorySegment(Lanes.I32, all, from, Lanes.ORDER);
            IntVector b = IntVector.fromMemorySegment(Lanes.I32, all, from + half, Lanes.ORDER);
            low.selectFrom(a, b).intoMemorySegment(all, to, Lanes.ORDER);
            high.selectFrom(a, b).intoMemorySegment(all, to + targetStride, Lanes.ORDER);
        }
    }

    private static void twoSteps(long source, long stride, long target, long targetStride) {
        MemorySegment all = Memory.all();
        IntVector low = IntVector.fromArray(Lanes.I32, ZIP_LOW, 0);
        IntVector high = IntVector.fromArray(Lanes.I32, ZIP_HIGH, 0);
        long quarter = Lanes.COUNT / 4 * stride;
        for (int i = 0; i < Lanes.COUNT / 4; i++) {
            long from = source + i * stride;
            long to = target + 4 * i * targetStride;
            IntVector a = IntVector.fromMemorySegment(Lanes.I32, all, from, Lanes.ORDER);
            IntVector b = IntVector.fromMemorySegment(Lanes.I32, all, from + quarter, Lanes.ORDER);
            IntVector c = IntVector.fromMemorySegment(Lanes.I32, all, from + 2 * quarter, Lanes.ORDER);
            IntVector d = IntVector.fromMemorySegment(Lanes.I32, all, from + 3 * quarter, Lanes.ORDER);
            IntVector ac = low.selectFrom(a, c);
            IntVector bd = low.selectFrom(b, d);
            low.selectFrom(ac, bd).intoMemorySegment(all, to, Lanes.ORDER);
            high.selectFrom(ac, bd).intoMemorySegment(all, to + targetStride, Lanes.ORDER);
            ac = high.selectFrom(a, c);
            bd = high.selectFrom(b, d);
            low.selectFrom(ac, bd).intoMemorySegment(all, to + 2 * targetStride, Lanes.ORDER);
            high.selectFrom(ac, bd).intoMemorySegment(all, to + 3 * targetStride, Lanes.ORDER);
        }
    }

    /** Lanes of two vectors, interleaved, from the given lane of each on. */
    private static int[] zip(int first) {
        int[] lanes = new int[Lanes.COUNT];
        for (int i = 0; i < Lanes.COUNT; i++) {
            lanes[i] = first + i / 2 + i % 2 * Lanes.COUNT;
        }
        return lanes;
    }
}
