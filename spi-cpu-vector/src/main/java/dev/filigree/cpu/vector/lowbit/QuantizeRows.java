package dev.filigree.cpu.vector.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.IS_FINITE;
import static jdk.incubator.vector.VectorOperators.MAX;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/** Quantizes rows as {@link ActivationQuantize} says, every operation rounded to fp32 as in the definition. */
public final class QuantizeRows {
    /** Added and taken away again it rounds a number below 2^22 to the nearest whole one, ties to even. */
    private static final float ROUND = 0x1.8p23f;

    private final QuantFormat format;
    private final float shift;
    private final float max;
    private final float min;
    private final @Nullable FloatTensor smooth;
    private final CodeTensor codes;
    private final HostTensor scales;
    private final @Nullable HostTensor sums;
    private final int columns;

    /** Rows of one step. */
    public QuantizeRows(ActivationQuantize op, KernelSite site) {
        format = op.format();
        shift = op.shift();
        max = format.maxMagnitude();
        min = format.codes() == DType.U4 ? 0 : -max;
        smooth = op.smooth().map(site::floats).orElse(null);
        codes = new CodeTensor(site.tensor(op.codes()));
        scales = site.tensor(op.scales());
        sums = op.sums().map(site::tensor).orElse(null);
        columns = codes.columns();
    }

    /** Points at the run; {@code [inFeatures]} f32 at the address receive what x is divided by. */
    public void point(long smoothAt) {
        codes.point();
        if (smooth != null) {
            smooth.point();
            smooth.readVector(smoothAt);
        }
    }

    /**
     * Quantizes one row.
     *
     * @param x address of the f32 of the row, left as they are
     * @param smoothAt what {@link #point} was given
     * @param scratch address of as many f32
     */
    public void row(long row, long x, long smoothAt, long scratch) {
        divide(x, smoothAt, scratch);
        int groupSize = format.groupSize() == 0 ? columns : format.groupSize();
        double sum = 0;
        for (int g = 0; g < format.groups(columns); g++) {
            int from = g * groupSize;
            sum += group(row, g, from, Math.min(columns, from + groupSize), scratch);
        }
        if (sums != null) {
            sums.set(sums.at(row), sum);
        }
    }

    private void divide(long x, long smoothAt, long target) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(columns);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER)
                    .add(shift);
            if (smooth != null) {
                v = v.div(FloatVector.fromMemorySegment(Lanes.F32, all, smoothAt + 4L * i, Lanes.ORDER));
            }
            v.intoMemorySegment(all, target + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < columns; i++) {
            float v = all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i) + shift;
            float by = smooth == null ? 1 : all.get(JAVA_FLOAT_UNALIGNED, smoothAt + 4L * i);
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, v / by);
        }
    }

    /** Quantizes one group; returns the sum of code times scale. */
    private double group(long row, int g, int from, int to, long values) {
        float absMax = absMax(values, from, to);
        long at = scales.decl().rank() == 1 ? scales.at(row) : scales.at(row, g);
        boolean finite = Float.isFinite(absMax);
        scales.set(at, finite ? absMax / max : Float.NaN);
        if (scales.get(at) == 0) {
            scales.set(at, 1f);
        }
        float scale = scales.get(at); // as stored: codes belong to the rounded scale
        if (finite) {
            round(values, from, to, scale);
        }
        MemorySegment all = Memory.all();
        double sum = 0;
        for (int i = from; i < to; i += 2) {
            float first = finite ? all.get(JAVA_FLOAT_UNALIGNED, values + 4L * i) : 0;
            float second = finite && i + 1 < to ? all.get(JAVA_FLOAT_UNALIGNED, values + 4L * (i + 1)) : 0;
            sum += (double) first + second;
            codes.store(row, i, code(first), code(second));
        }
        return sum == 0 && !finite ? Double.NaN : sum * scale;
    }

    private int code(float rounded) {
        return format.codes() == DType.E2M1 ? Codes.floatToE2m1(rounded) : (int) rounded;
    }

    /** The largest magnitude, NaN or infinite if there is such a number. */
    private static float absMax(long values, int from, int to) {
        MemorySegment all = Memory.all();
        FloatVector top = FloatVector.zero(Lanes.F32);
        VectorMask<Float> finite = Lanes.F32.maskAll(true);
        int whole = from + Lanes.F32.loopBound(to - from);
        for (int i = from; i < whole; i += Lanes.COUNT) {
            FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, all, values + 4L * i, Lanes.ORDER);
            finite = finite.and(v.test(IS_FINITE));
            top = top.max(v.abs());
        }
        float largest = finite.allTrue() ? top.reduceLanes(MAX) : Float.NaN;
        for (int i = whole; i < to; i++) {
            largest = Math.max(largest, Math.abs(all.get(JAVA_FLOAT_UNALIGNED, values + 4L * i)));
        }
        return largest;
    }

    /** Numbers become the values of their codes, before the scale. */
    private void round(long values, int from, int to, float scale) {
        MemorySegment all = Memory.all();
        boolean floats = format.codes() == DType.E2M1;
        int whole = floats ? from : from + Lanes.F32.loopBound(to - from);
        for (int i = from; i < whole; i += Lanes.COUNT) {
            FloatVector.fromMemorySegment(Lanes.F32, all, values + 4L * i, Lanes.ORDER)
                    .div(scale)
                    .max(min)
                    .min(max)
                    .add(ROUND)
                    .sub(ROUND)
                    .intoMemorySegment(all, values + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < to; i++) {
            float value = all.get(JAVA_FLOAT_UNALIGNED, values + 4L * i) / scale;
            float rounded = floats
                    ? Codes.e2m1ToFloat(Codes.floatToE2m1(value))
                    : (float) Math.rint(Math.clamp(value, min, max));
            all.set(JAVA_FLOAT_UNALIGNED, values + 4L * i, rounded);
        }
    }
}
