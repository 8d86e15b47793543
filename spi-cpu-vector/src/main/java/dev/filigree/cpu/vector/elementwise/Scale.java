package dev.filigree.cpu.vector.elementwise;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Multiplies f32 by one factor. */
public final class Scale {
    private Scale() {}

    /**
     * Multiplies in place.
     *
     * @param x address of contiguous f32
     * @param count how many
     * @param factor what to multiply by
     */
    public static void inPlace(long x, int count, float factor) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER)
                    .mul(factor)
                    .intoMemorySegment(all, x + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            all.set(JAVA_FLOAT_UNALIGNED, x + 4L * i, all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i) * factor);
        }
    }
}
