package com.example.sample.backend;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Stored vectors as float arrays, whatever the dtype in memory. */
final class Vectors {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

    private Vectors() {}

    static void read(HostTensor tensor, long element, float[] target) {
        read(tensor.segment(), tensor.offsetBytes(), tensor.dtype(), element, target);
    }

    /** One loop per dtype: nearly all time goes into reading, and a choice per element would triple it. */
    static void read(MemorySegment bytes, long offset, DType dtype, long element, float[] target) {
        long start = offset + dtype.bytes(element);
        switch (dtype) {
            case F32 -> MemorySegment.copy(bytes, F32, start, target, 0, target.length);
            case F16 -> {
                for (int i = 0; i < target.length; i++) {
                    target[i] = Float.float16ToFloat(bytes.get(I16, start + 2L * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < target.length; i++) {
                    target[i] = Codes.bf16ToFloat(bytes.get(I16, start + 2L * i));
                }
            }
            default -> throw new IllegalArgumentException("vectors must be f32, f16 or bf16, not " + dtype);
        }
    }

    static void write(float[] source, HostTensor tensor, long element) {
        for (int i = 0; i < source.length; i++) {
            tensor.set(element + i, source[i]);
        }
    }

    /** Makes numbers what they become when they are stored and read back. */
    static void round(float[] vector, DType dtype) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] = HostTensor.rounded(dtype, vector[i]);
        }
    }

    static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }
}
