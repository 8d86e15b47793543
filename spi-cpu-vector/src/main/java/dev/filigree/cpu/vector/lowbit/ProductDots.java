package dev.filigree.cpu.vector.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.F2I;

import dev.filigree.cpu.vector.lanes.LaneSum;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Outputs for few tokens, lanes along the depth: each weight row is unpacked once into the first-level cache. A lane sums its
 * products of a segment exactly, the scales are applied lane by lane, and lanes meet at the end of the row. Where a pair of
 * groups may pass 2^24 its lanes are added as integers first.
 */
final class ProductDots {
    /** Outputs of one task. */
    static final int OUTPUTS = 16;

    private final ProductTensors t;
    private final ProductLayout layout;

    ProductDots(ProductTensors t, ProductLayout layout) {
        this.t = t;
        this.layout = layout;
    }

    void run(int tokens, int output, int outputs, long shared, long work) {
        MemorySegment all = Memory.all();
        int depth = layout.cut.depth();
        long row = work + layout.rowsAt;
        for (int i = depth; i < Lanes.roundUp(depth); i++) {
            all.set(JAVA_FLOAT_UNALIGNED, row + 4L * i, 0f);
        }
        for (int j = 0; j < outputs; j++) {
            t.weight.widen(output + j, 0, row, depth);
            t.scales.widen(output + j, work + layout.wScalesAt);
            float factor = t.channelScales == null ? 1 : t.channelScales.get(output + j, 0);
            float offset = t.bias == null ? 0 : t.bias.get(output + j, 0);
            for (int i = 0; i < tokens; i++) {
                long x = shared + i * layout.rowBytes;
                long scales = shared + layout.scalesAt + 4L * i * layout.xGroups;
                float sum = layout.cut.needsIntegers()
                        ? integers(x, row, scales, work + layout.wScalesAt)
                        : lanes(x, row, scales, work + layout.wScalesAt);
                if (t.zeros != null) {
                    sum += zeros(t.zeros, output + j, shared + layout.sumsAt + 4L * i * layout.wGroups);
                }
                long at = work + layout.resultAt + 4L * (i * OUTPUTS + j);
                all.set(JAVA_FLOAT_UNALIGNED, at, Math.fma(sum, factor, offset));
            }
        }
        for (int i = 0; i < tokens; i++) {
            t.y.writeSlice(i, output, work + layout.resultAt + 4L * i * OUTPUTS, outputs);
        }
    }

    private float lanes(long x, long row, long xScales, long wScales) {
        MemorySegment all = Memory.all();
        FloatVector sum = FloatVector.zero(Lanes.F32);
        for (GroupCut.Segment s : layout.cut.segments()) {
            FloatVector product = FloatVector.zero(Lanes.F32);
            for (int k = s.from(); k < s.to(); k += Lanes.COUNT) {
                product = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * k, Lanes.ORDER)
                        .fma(FloatVector.fromMemorySegment(Lanes.F32, all, row + 4L * k, Lanes.ORDER), product);
            }
            float scale = all.get(JAVA_FLOAT_UNALIGNED, xScales + 4L * s.xGroup())
                    * all.get(JAVA_FLOAT_UNALIGNED, wScales + 4L * s.wGroup());
            sum = product.fma(FloatVector.broadcast(Lanes.F32, scale), sum);
        }
        return LaneSum.of(sum);
    }

    private float integers(long x, long row, long xScales, long wScales) {
        MemorySegment all = Memory.all();
        float sum = 0;
        IntVector integers = IntVector.zero(Lanes.I32);
        for (GroupCut.Segment s : layout.cut.segments()) {
            FloatVector product = FloatVector.zero(Lanes.F32);
            for (int k = s.from(); k < s.to(); k += Lanes.COUNT) {
                product = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * k, Lanes.ORDER)
                        .fma(FloatVector.fromMemorySegment(Lanes.F32, all, row + 4L * k, Lanes.ORDER), product);
            }
            integers = integers.add((IntVector) product.convertShape(F2I, Lanes.I32, 0));
            if (s.ends()) {
                float scale = all.get(JAVA_FLOAT_UNALIGNED, xScales + 4L * s.xGroup())
                        * all.get(JAVA_FLOAT_UNALIGNED, wScales + 4L * s.wGroup());
                sum = Math.fma((float) integers.reduceLanes(ADD), scale, sum);
                integers = IntVector.zero(Lanes.I32);
            }
        }
        return sum;
    }

    private float zeros(ScaleTensor zeros, int output, long sums) {
        MemorySegment all = Memory.all();
        float sum = 0;
        for (int g = 0; g < layout.wGroups; g++) {
            sum = Math.fma(all.get(JAVA_FLOAT_UNALIGNED, sums + 4L * g), zeros.get(output, g), sum);
        }
        return sum;
    }
}
