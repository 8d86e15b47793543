package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Running attention state of a few query rows, and how states over disjoint keys merge (Flash-Decoding; FlashInfer section
 * 2.2). Rows come in strips of 2: per strip a vector of maxima and one of sums as {@link DecodeSoftmax} keeps them, then
 * unnormalised outputs. Offsets are bytes from the start of a state.
 */
final class DecodeState {
    /** Rows of a strip. */
    final int rows;

    final int strips;
    final long outStride;
    final long bytes;
    private final long stripBytes;

    /**
     * States of one shape.
     *
     * @param numRows query rows
     * @param headDimVo width of an output
     */
    DecodeState(int numRows, int headDimVo) {
        rows = DecodeKernel.ROWS;
        strips = Math.ceilDiv(numRows, rows);
        outStride = 4 * Lanes.roundUpPanel(headDimVo);
        stripBytes = 2L * Lanes.BYTES + rows * outStride;
        bytes = Math.ceilDiv(strips * stripBytes, 64L) * 64;
    }

    /** Where the maxima of a strip stand. */
    long max(int strip) {
        return strip * stripBytes;
    }

    /** Where the sums of a strip stand. */
    long sum(int strip) {
        return max(strip) + Lanes.BYTES;
    }

    /** Where the outputs of a strip stand. */
    long outs(int strip) {
        return max(strip) + 2L * Lanes.BYTES;
    }

    /** No key seen yet. */
    void clear(long state) {
        Clear.fill(state, (int) (bytes / Float.BYTES), 0f);
        for (int s = 0; s < strips; s++) {
            Clear.fill(state + max(s), Lanes.COUNT, Float.NEGATIVE_INFINITY);
        }
    }

    /** Adds what {@code part} saw to {@code total}; {@code factors} is scratch of two vectors. */
    void fold(long total, long part, long factors) {
        MemorySegment all = Memory.all();
        long take = factors + Lanes.BYTES;
        for (int s = 0; s < strips; s++) {
            DecodeSoftmax.merge(total + max(s), total + sum(s), part + max(s), part + sum(s), factors, take);
            for (int r = 0; r < rows; r++) {
                long row = outs(s) + r * outStride;
                float keep = all.get(JAVA_FLOAT, factors + 4L * r);
                combine(total + row, keep, part + row, all.get(JAVA_FLOAT, take + 4L * r), outStride);
            }
        }
    }

    /** The maximum of a row in units of log2. */
    float max(long state, int row) {
        return Memory.all().get(JAVA_FLOAT, state + max(row / rows) + 4L * (row % rows));
    }

    /** The sum of a row's weights. */
    float sum(long state, int row) {
        MemorySegment all = Memory.all();
        long at = state + sum(row / rows) + 4L * (row % rows);
        float sum = 0;
        for (int i = 0; i < Lanes.COUNT; i += rows) {
            sum += all.get(JAVA_FLOAT, at + 4L * i);
        }
        return sum;
    }

    /** Where the output of a row stands. */
    long out(int row) {
        return outs(row / rows) + row % rows * outStride;
    }

    private static void combine(long x, float keep, long y, float take, long size) {
        MemorySegment all = Memory.all();
        for (long i = 0; i < size; i += Lanes.BYTES) {
            FloatVector part = FloatVector.fromMemorySegment(Lanes.F32, all, y + i, Lanes.ORDER);
            FloatVector.fromMemorySegment(Lanes.F32, all, x + i, Lanes.ORDER)
                    .mul(keep)
                    .add(part.mul(take))
                    .intoMemorySegment(all, x + i, Lanes.ORDER);
        }
    }
}
