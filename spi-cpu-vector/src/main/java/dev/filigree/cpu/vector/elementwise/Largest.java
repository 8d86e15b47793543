package dev.filigree.cpu.vector.elementwise;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.IS_NAN;
import static jdk.incubator.vector.VectorOperators.MAX;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Finds the largest of many numbers in two passes: its value, then the first place that holds it. */
public final class Largest {
    private Largest() {}

    /**
     * The lowest index of the largest number; the first NaN if there is one.
     *
     * @param x address of contiguous f32
     * @param count how many, 1 or more
     */
    public static int index(long x, int count) {
        float largest = value(x, count);
        return Float.isNaN(largest) ? firstNaN(x, count) : first(x, count, largest);
    }

    /** The largest number, or NaN if there is one. */
    private static float value(long x, int count) {
        MemorySegment all = Memory.all();
        FloatVector top = FloatVector.broadcast(Lanes.F32, Float.NEGATIVE_INFINITY);
        FloatVector nan = FloatVector.zero(Lanes.F32);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector v = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER);
            top = top.blend(v, v.compare(GT, top));
            nan = nan.blend(v, v.test(IS_NAN));
        }
        float largest = nan.test(IS_NAN).anyTrue() ? Float.NaN : top.reduceLanes(MAX);
        for (int i = whole; i < count; i++) {
            largest = Math.max(largest, all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i));
        }
        return largest;
    }

    private static int first(long x, int count, float value) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            VectorMask<Float> hits = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER)
                    .compare(EQ, value);
            if (hits.anyTrue()) {
                return i + hits.firstTrue();
            }
        }
        int i = whole;
        while (all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i) != value) {
            i++;
        }
        return i;
    }

    private static int firstNaN(long x, int count) {
        MemorySegment all = Memory.all();
        int i = 0;
        while (i < count - 1 && !Float.isNaN(all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i))) {
            i++;
        }
        return i;
    }
}
