package dev.filigree.cpu.vector.lowbit;

import static jdk.incubator.vector.VectorOperators.ADD;

import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.gemm.MicroKernel;
import dev.filigree.cpu.vector.gemm.PanelPack;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Adds a low-rank product to a block of outputs, rounded once. Each element sums in order of rank, whatever block it is
 * in, so fused and separate steps agree bit for bit.
 */
public final class UpTile {
    private static final int ROWS = MicroKernel.ROWS;

    private final FloatTensor up;
    private final FloatTensor y;
    private final int rank;

    /**
     * A branch's second half.
     *
     * @param up {@code [outFeatures, rank]}
     * @param y what is added to
     */
    public UpTile(FloatTensor up, FloatTensor y) {
        this.up = up;
        this.y = y;
        rank = up.rowElements();
    }

    /** Bytes of scratch for a factor of that rank. */
    public static long scratchBytes(long rank) {
        int depth = Math.toIntExact(Lanes.roundUp(Math.max(1, rank))); // the panel is packed in whole squares
        return PanelPack.scratchBytes(depth)
                + depth * (long) Lanes.PANEL_BYTES
                + (2 * ROWS + 1) * (long) Lanes.PANEL_BYTES;
    }

    /** Points at the run. */
    public void point() {
        up.point();
        y.point();
    }

    /**
     * Adds to {@code y[firstToken.., firstOutput..]}.
     *
     * @param hidden address of the first token's f32, {@code hiddenStride} bytes apart
     * @param numOutputs at most {@link Lanes#PANEL}
     * @param scratch {@link #scratchBytes}
     */
    public void add(
            int firstToken,
            int numTokens,
            int firstOutput,
            int numOutputs,
            long hidden,
            long hiddenStride,
            long scratch) {
        if (rank == 0) {
            return;
        }
        long panel = scratch + PanelPack.scratchBytes(rank);
        long product = panel + Lanes.roundUp(rank) * Lanes.PANEL_BYTES;
        long old = product + ROWS * (long) Lanes.PANEL_BYTES;
        PanelPack.pack(
                up.storage(),
                up.address(up.tensor().at(firstOutput)),
                up.strideBytes(0),
                numOutputs,
                rank,
                panel,
                scratch);
        Clear.fill(old, ROWS * Lanes.PANEL, 0f);
        for (int i = 0; i < numTokens; i += ROWS) {
            int rows = Math.min(ROWS, numTokens - i);
            MicroKernel.overwrite(
                    hidden + i * hiddenStride, hiddenStride, rows, panel, rank, product, Lanes.PANEL_BYTES);
            for (int r = 0; r < rows; r++) {
                long sum = product + r * (long) Lanes.PANEL_BYTES;
                y.readSlice(firstToken + i + r, firstOutput, old, numOutputs);
                addRow(old, sum);
                y.writeSlice(firstToken + i + r, firstOutput, sum, numOutputs);
            }
        }
    }

    private static void addRow(long old, long sum) {
        MemorySegment all = Memory.all();
        for (int j = 0; j < Lanes.PANEL; j += Lanes.COUNT) {
            FloatVector.fromMemorySegment(Lanes.F32, all, old + 4L * j, Lanes.ORDER)
                    .lanewise(ADD, FloatVector.fromMemorySegment(Lanes.F32, all, sum + 4L * j, Lanes.ORDER))
                    .intoMemorySegment(all, sum + 4L * j, Lanes.ORDER);
        }
    }
}
