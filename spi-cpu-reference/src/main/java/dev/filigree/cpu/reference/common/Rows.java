package dev.filigree.cpu.reference.common;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rows of stored numbers as arrays, and the loops that products are made of. Stored numbers are floats, sums fp64. */
public final class Rows {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

    private Rows() {}

    /** Reads the first {@code target.length} elements of a row: all axes but the first, last axis fastest. */
    public static void readRow(HostTensor source, long row, double[] target) {
        for (int column = 0; column < target.length; column++) {
            target[column] = source.get(element(source, row, column));
        }
    }

    /** Writes the first {@code source.length} elements of a row, each rounded once. */
    public static void writeRow(double[] source, HostTensor target, long row) {
        for (int column = 0; column < source.length; column++) {
            target.set(element(target, row, column), source[column]);
        }
    }

    /** Element index of one column of a row, whatever the strides. */
    public static long element(HostTensor tensor, long row, long column) {
        long element = tensor.at(row);
        long rest = column;
        for (int axis = tensor.decl().rank() - 1; axis >= 1; axis--) {
            element += rest % tensor.extent(axis) * tensor.stride(axis);
            rest /= tensor.extent(axis);
        }
        return element;
    }

    /** Reads {@code target.length} neighbouring elements. */
    public static void read(HostTensor source, long element, float[] target) {
        read(source.segment(), source.offsetBytes(), source.dtype(), element, target);
    }

    /**
     * Reads {@code target.length} neighbouring elements of a region. One plain loop per dtype that is read for every
     * pair of query and key; whole prompts would take hours otherwise.
     */
    public static void read(MemorySegment bytes, long offsetBytes, DType dtype, long element, float[] target) {
        long start = offsetBytes + dtype.bytes(element);
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
            case U8 -> {
                for (int i = 0; i < target.length; i++) {
                    target[i] = bytes.get(I8, start + i) & 0xff;
                }
            }
            case U4 -> {
                for (int i = 0; i < target.length; i++) {
                    long nibble = element + i;
                    target[i] = bytes.get(I8, offsetBytes + nibble / 2) >> 4 * (nibble % 2) & 0xf;
                }
            }
            default -> {
                for (int i = 0; i < target.length; i++) {
                    target[i] = HostTensor.load(bytes, offsetBytes, dtype, element + i);
                }
            }
        }
    }

    /** Reads {@code target.length} neighbouring elements as fp64. */
    public static void read(HostTensor source, long element, double[] target) {
        for (int i = 0; i < target.length; i++) {
            target[i] = source.get(element + i);
        }
    }

    /** Writes neighbouring elements, each rounded to the dtype. */
    public static void write(float[] source, HostTensor target, long element) {
        for (int i = 0; i < source.length; i++) {
            target.set(element + i, source[i]);
        }
    }

    /** {@code sum_i a[i] * b[i]} over the length of a, the products and their sum in fp64. */
    public static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /** {@code sum_i a[i] * b[i]} over the length of a. */
    public static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** {@code sum[i] += weight * row[i]} over the length of sum. */
    public static void addScaled(double[] sum, double weight, float[] row) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += weight * row[i];
        }
    }
}
