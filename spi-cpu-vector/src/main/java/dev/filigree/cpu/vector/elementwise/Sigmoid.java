package dev.filigree.cpu.vector.elementwise;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Products with a sigmoid. With {@code e = exp(-|x|)} it is {@code 1 / (1 + e)} for x above 0 and {@code e / (1 + e)} below,
 * so nothing overflows; the exponential is that of {@link Exp2}.
 */
public final class Sigmoid {
    private Sigmoid() {}

    /**
     * {@code out = x * sigmoid(x) * y}.
     *
     * @param x address of contiguous f32
     * @param y as x
     * @param out as x; may be either
     * @param count how many
     */
    public static void gate(long x, long y, long out, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector g = FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER);
            FloatVector v = g.abs().mul(-Exp2.LOG2_E);
            FloatVector t = v.add(Exp2.ROUND);
            FloatVector f = v.sub(t.sub(Exp2.ROUND));
            FloatVector p = f.mul(Exp2.C6).add(Exp2.C5).fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C4));
            p = p.fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C3)).fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C2));
            p = p.fma(f, FloatVector.broadcast(Lanes.F32, Exp2.C1)).fma(f, FloatVector.broadcast(Lanes.F32, 1f));
            IntVector scale = t.reinterpretAsInts().sub(Exp2.BIAS).lanewise(LSHL, 23);
            FloatVector e = p.mul(scale.reinterpretAsFloats()).blend(0f, v.compare(LT, Exp2.SMALLEST));
            FloatVector numerator = FloatVector.broadcast(Lanes.F32, 1f).blend(e, g.compare(LT, 0f));
            FloatVector.fromMemorySegment(Lanes.F32, all, y + 4L * i, Lanes.ORDER)
                    .mul(g.mul(numerator.div(e.add(1f))))
                    .intoMemorySegment(all, out + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float g = all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i);
            double sigmoid = 1 / (1 + Math.exp(-(double) g));
            float v = (float) (g * sigmoid) * all.get(JAVA_FLOAT_UNALIGNED, y + 4L * i);
            all.set(JAVA_FLOAT_UNALIGNED, out + 4L * i, v);
        }
    }
}
