package dev.filigree.cpu.vector.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.FMA;
import static jdk.incubator.vector.VectorOperators.I2F;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.gemm.MicroKernel;
import dev.filigree.cpu.vector.gemm.PanelPack;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * A panel of outputs for many tokens. The weight is unpacked and transposed slice by slice; each segment's products are
 * summed exactly, then multiplied by the two scales of its groups and added to the result in fp32, in ascending order.
 */
final class ProductPanels {
    private static final int ROWS = MicroKernel.ROWS;

    private final ProductTensors t;
    private final ProductLayout layout;

    ProductPanels(ProductTensors t, ProductLayout layout) {
        this.t = t;
        this.layout = layout;
    }

    void run(int token, int tokens, int output, int outputs, long shared, long work) {
        Clear.fill(work + layout.resultAt, (tokens + ROWS) * Lanes.PANEL, 0f);
        t.scales.panel(output, outputs, Lanes.PANEL, work + layout.wScalesAt);
        if (layout.cut.needsIntegers()) {
            Clear.fill(work + layout.integersAt, ProductLayout.TASK_TOKENS * Lanes.PANEL, 0f);
        }
        GroupCut.Segment[] segments = layout.cut.segments();
        int next = 0;
        for (int k = 0; k < layout.cut.depth(); k += GroupCut.SLICE) {
            int depth = Math.min(GroupCut.SLICE, layout.cut.depth() - k);
            pack(output, outputs, k, depth, work);
            int first = next;
            while (next < segments.length && segments[next].from() < k + depth) {
                next++;
            }
            for (int i = 0; i < tokens; i += ROWS) {
                for (int s = first; s < next; s++) {
                    segment(segments[s], token + i, Math.min(ROWS, tokens - i), i, k, shared, work);
                }
            }
        }
        if (t.zeros != null) {
            zeros(t.zeros, token, tokens, output, outputs, shared, work);
        }
        finish(token, tokens, output, outputs, work);
    }

    private void pack(int output, int outputs, int k, int depth, long work) {
        long stride = 4L * Lanes.roundUp(depth);
        for (int j = 0; j < outputs; j++) {
            t.weight.widen(output + j, k, work + layout.rowsAt + j * stride, depth);
        }
        PanelPack.pack(Storage.F32, work + layout.rowsAt, stride, outputs, depth, work + layout.panelAt, work);
    }

    private void segment(GroupCut.Segment s, int token, int rows, int at, int k, long shared, long work) {
        long x = shared + token * layout.rowBytes + 4L * s.from();
        long panel = work + layout.panelAt + (long) (s.from() - k) * Lanes.PANEL_BYTES;
        long product = work + layout.productAt;
        MicroKernel.overwrite(x, layout.rowBytes, rows, panel, s.to() - s.from(), product, Lanes.PANEL_BYTES);
        long scales = shared + layout.scalesAt + 4L * ((long) token * layout.xGroups + s.xGroup());
        long wScales = work + layout.wScalesAt + (long) s.wGroup() * Lanes.PANEL_BYTES;
        long result = work + layout.resultAt + (long) at * Lanes.PANEL_BYTES;
        if (layout.cut.needsIntegers()) {
            long integers = work + layout.integersAt + (long) at * Lanes.PANEL_BYTES;
            addIntegers(product, integers, rows, s.ends());
        }
        if (s.ends() || !layout.cut.needsIntegers()) {
            addScaled(product, scales, 4L * layout.xGroups, wScales, result, rows);
        }
    }

    /** {@code result += product * xScale * wScale}. */
    private static void addScaled(long product, long xScales, long xStride, long wScales, long result, int rows) {
        MemorySegment all = Memory.all();
        FloatVector w0 = FloatVector.fromMemorySegment(Lanes.F32, all, wScales, Lanes.ORDER);
        FloatVector w1 = FloatVector.fromMemorySegment(Lanes.F32, all, wScales + Lanes.BYTES, Lanes.ORDER);
        for (int i = 0; i < rows; i++) {
            float scale = all.get(JAVA_FLOAT_UNALIGNED, xScales + i * xStride);
            long p = product + (long) i * Lanes.PANEL_BYTES;
            long r = result + (long) i * Lanes.PANEL_BYTES;
            FloatVector.fromMemorySegment(Lanes.F32, all, p, Lanes.ORDER)
                    .mul(scale)
                    .lanewise(FMA, w0, FloatVector.fromMemorySegment(Lanes.F32, all, r, Lanes.ORDER))
                    .intoMemorySegment(all, r, Lanes.ORDER);
            FloatVector.fromMemorySegment(Lanes.F32, all, p + Lanes.BYTES, Lanes.ORDER)
                    .mul(scale)
                    .lanewise(FMA, w1, FloatVector.fromMemorySegment(Lanes.F32, all, r + Lanes.BYTES, Lanes.ORDER))
                    .intoMemorySegment(all, r + Lanes.BYTES, Lanes.ORDER);
        }
    }

    /** Adds whole numbers as integers; at the end of a pair of groups the product becomes their sum, and they 0. */
    private static void addIntegers(long product, long integers, int rows, boolean ends) {
        MemorySegment all = Memory.all();
        for (int i = 0; i < rows * Lanes.PANEL; i += Lanes.COUNT) {
            IntVector sum = ((IntVector) FloatVector.fromMemorySegment(Lanes.F32, all, product + 4L * i, Lanes.ORDER)
                            .convertShape(F2I, Lanes.I32, 0))
                    .add(IntVector.fromMemorySegment(Lanes.I32, all, integers + 4L * i, Lanes.ORDER));
            if (ends) {
                ((FloatVector) sum.convertShape(I2F, Lanes.F32, 0))
                        .intoMemorySegment(all, product + 4L * i, Lanes.ORDER);
                sum = IntVector.zero(Lanes.I32);
            }
            sum.intoMemorySegment(all, integers + 4L * i, Lanes.ORDER);
        }
    }

    /** {@code result += sum over groups of (sum of x in the group) * zero}. */
    private void zeros(ScaleTensor zeros, int token, int tokens, int output, int outputs, long shared, long work) {
        long panel = work + layout.wZerosAt;
        zeros.panel(output, outputs, Lanes.PANEL, panel);
        long ones = work + layout.productAt;
        Clear.fill(ones, ROWS, 1f);
        for (int i = 0; i < tokens; i += ROWS) {
            long sums = shared + layout.sumsAt + 4L * (token + i) * layout.wGroups;
            long result = work + layout.resultAt + (long) i * Lanes.PANEL_BYTES;
            MicroKernel.accumulate(
                    sums, 4L * layout.wGroups, tokens - i, panel, layout.wGroups, result, Lanes.PANEL_BYTES, ones);
        }
    }

    private void finish(int token, int tokens, int output, int outputs, long work) {
        MemorySegment all = Memory.all();
        long factors = work + layout.channelsAt;
        long offsets = work + layout.biasAt;
        for (int j = 0; j < Lanes.PANEL; j++) {
            boolean exists = j < outputs;
            float factor = t.channelScales != null && exists ? t.channelScales.get(output + j, 0) : 1;
            float offset = t.bias != null && exists ? t.bias.get(output + j, 0) : 0;
            all.set(JAVA_FLOAT_UNALIGNED, factors + 4L * j, factor);
            all.set(JAVA_FLOAT_UNALIGNED, offsets + 4L * j, offset);
        }
        for (int i = 0; i < tokens; i++) {
            long row = work + layout.resultAt + (long) i * Lanes.PANEL_BYTES;
            for (int j = 0; j < Lanes.PANEL; j += Lanes.COUNT) {
                FloatVector.fromMemorySegment(Lanes.F32, all, row + 4L * j, Lanes.ORDER)
                        .lanewise(
                                FMA,
                                FloatVector.fromMemorySegment(Lanes.F32, all, factors + 4L * j, Lanes.ORDER),
                                FloatVector.fromMemorySegment(Lanes.F32, all, offsets + 4L * j, Lanes.ORDER))
                        .intoMemorySegment(all, row + 4L * j, Lanes.ORDER);
            }
            t.y.writeSlice(token + i, output, row, outputs);
        }
    }
}
