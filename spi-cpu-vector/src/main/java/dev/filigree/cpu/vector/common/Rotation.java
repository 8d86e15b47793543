package dev.filigree.cpu.vector.common;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Turns head vectors by their position as {@link Rotary} says (RoFormer section 3.4.2). The products are fp64 and rounded
 * once, so that keys, and with them the codes of a quantized cache, are the same to the bit as the definition's.
 */
public final class Rotation {
    private static final VectorSpecies<Float> F32 =
            VectorSpecies.of(float.class, VectorShape.forBitSize(Lanes.BITS / 2));
    private static final VectorSpecies<Double> F64 = VectorSpecies.of(double.class, VectorShape.forBitSize(Lanes.BITS));

    private final Rotary rotary;
    private final HostTensor frequencies;
    private final int pairs;

    /** A rotation with the frequencies of a tensor. */
    public Rotation(Rotary rotary, HostTensor frequencies) {
        this.rotary = rotary;
        this.frequencies = frequencies;
        pairs = rotary.rotaryDim() / 2;
    }

    /** Bytes of the cosines and sines of one position. */
    public static long angleBytes(Rotary rotary) {
        return 8L * rotary.rotaryDim();
    }

    /** Writes the cosines, then the sines, of a position as f64. */
    public void angles(int position, long target) {
        MemorySegment all = Memory.all();
        for (int c = 0; c < pairs; c++) {
            float angle = (float) ((double) position * frequencies.get(frequencies.at(c)));
            all.set(JAVA_DOUBLE, target + 8L * c, Math.cos(angle) * rotary.magnitude());
            all.set(JAVA_DOUBLE, target + 8L * (pairs + c), Math.sin(angle) * rotary.magnitude());
        }
    }

    /**
     * Turns one head vector in place.
     *
     * @param x address of its f32
     * @param angles what {@link #angles} wrote
     * @param dtype f32, f16 or bf16 that results are rounded to
     */
    public void apply(long x, long angles, DType dtype) {
        int from = 0;
        if (dtype == DType.F32 && rotary.style() == Rotary.Style.HALF_SPLIT) {
            from = F64.loopBound(pairs);
            halves(x, angles, pairs, from);
        }
        MemorySegment all = Memory.all();
        boolean halfSplit = rotary.style() == Rotary.Style.HALF_SPLIT;
        for (int c = from; c < pairs; c++) {
            long first = x + 4L * (halfSplit ? c : 2 * c);
            long second = x + 4L * (halfSplit ? c + pairs : 2 * c + 1);
            double a = all.get(JAVA_FLOAT_UNALIGNED, first);
            double b = all.get(JAVA_FLOAT_UNALIGNED, second);
            double cos = all.get(JAVA_DOUBLE, angles + 8L * c);
            double sin = all.get(JAVA_DOUBLE, angles + 8L * (pairs + c));
            all.set(JAVA_FLOAT_UNALIGNED, first, HostTensor.rounded(dtype, a * cos - b * sin));
            all.set(JAVA_FLOAT_UNALIGNED, second, HostTensor.rounded(dtype, b * cos + a * sin));
        }
    }

    private static void halves(long x, long angles, int pairs, int whole) {
        MemorySegment all = Memory.all();
        for (int c = 0; c < whole; c += F64.length()) {
            long first = x + 4L * c;
            long second = first + 4L * pairs;
            DoubleVector a = (DoubleVector) FloatVector.fromMemorySegment(F32, all, first, Lanes.ORDER)
                    .convertShape(VectorOperators.F2D, F64, 0);
            DoubleVector b = (DoubleVector) FloatVector.fromMemorySegment(F32, all, second, Lanes.ORDER)
                    .convertShape(VectorOperators.F2D, F64, 0);
            DoubleVector cos = DoubleVector.fromMemorySegment(F64, all, angles + 8L * c, Lanes.ORDER);
            DoubleVector sin = DoubleVector.fromMemorySegment(F64, all, angles + 8L * (pairs + c), Lanes.ORDER);
            ((FloatVector) a.mul(cos).sub(b.mul(sin)).convertShape(VectorOperators.D2F, F32, 0))
                    .intoMemorySegment(all, first, Lanes.ORDER);
            ((FloatVector) b.mul(cos).add(a.mul(sin)).convertShape(VectorOperators.D2F, F32, 0))
                    .intoMemorySegment(all, second, Lanes.ORDER);
        }
    }
}
