package dev.filigree.cpu.vector.convert;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/** Fills f32 memory with one value. */
public final class Clear {
    private Clear() {}

    /**
     * Writes {@code value} to {@code count} contiguous f32.
     *
     * @param target address of the first f32
     * @param count how many
     * @param value what to write
     */
    public static void fill(long target, int count, float value) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector.broadcast(Lanes.F32, value).intoMemorySegment(all, target + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            all.set(ValueLayout.JAVA_FLOAT_UNALIGNED, target + 4L * i, value);
        }
    }
}
