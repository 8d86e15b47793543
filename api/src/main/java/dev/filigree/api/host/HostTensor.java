package dev.filigree.api.host;

import dev.filigree.api.plan.Axes;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor in host memory as kernels see it. The plan runner points it at the bytes and extents of each run;
 * kernels keep the object and never copy its fields between runs. Indices are elements, strides included.
 */
public final class HostTensor {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

    private final TensorDecl decl;
    private final DType dtype;
    private final long[] extents;
    private final long[] strides;
    private MemorySegment segment = MemorySegment.NULL;
    private long offsetBytes;

    HostTensor(TensorDecl decl) {
        this.decl = decl;
        this.dtype = decl.dtype();
        this.extents = new long[decl.rank()];
        this.strides = new long[decl.rank()];
        for (int axis = 0; axis < decl.rank(); axis++) {
            extents[axis] = decl.capacity(axis);
            strides[axis] = decl.strides().step(axis);
        }
    }

    void point(MemorySegment bytes, long offset, Axes axes) {
        segment = bytes;
        offsetBytes = offset;
        for (int axis = 0; axis < extents.length; axis++) {
            extents[axis] = decl.dims().get(axis).extent(axes);
        }
    }

    /** The declaration behind it. */
    public TensorDecl decl() {
        return decl;
    }

    /** How elements are stored. */
    public DType dtype() {
        return dtype;
    }

    /** The extent of an axis in this run. */
    public long extent(int axis) {
        return extents[axis];
    }

    /** The stride of an axis in elements. */
    public long stride(int axis) {
        return strides[axis];
    }

    /** The bytes that hold the tensor in this run. */
    public MemorySegment segment() {
        return segment;
    }

    /** Byte offset of the first element within {@link #segment()}. */
    public long offsetBytes() {
        return offsetBytes;
    }

    /** Elements of one row: all axes but the first. */
    public long rowElements() {
        return decl.rowElements();
    }

    /** Element index of {@code [i]}. */
    public long at(long i) {
        return i * strides[0];
    }

    /** Element index of {@code [i, j]}. */
    public long at(long i, long j) {
        return i * strides[0] + j * strides[1];
    }

    /** Element index of {@code [i, j, k]}. */
    public long at(long i, long j, long k) {
        return i * strides[0] + j * strides[1] + k * strides[2];
    }

    /** The value of an element, whatever its dtype. */
    public float get(long element) {
        return load(segment, offsetBytes, dtype, element);
    }

    /** Rounds a value to the dtype, to nearest even, and stores it. */
    public void set(long element, float value) {
        store(segment, offsetBytes, dtype, element, value);
    }

    /** Rounds an fp64 value once to the dtype and stores it. */
    public void set(long element, double value) {
        store(segment, offsetBytes, dtype, element, narrow(dtype, value));
    }

    /** An integer element: i32, i8, u8, i4 or u4 as a value, other dtypes as their code. */
    public int getInt(long element) {
        return switch (dtype) {
            case I32 -> segment.get(I32, offsetBytes + 4 * element);
            case I8, E4M3 -> segment.get(I8, offsetBytes + element);
            case U8 -> segment.get(I8, offsetBytes + element) & 0xff;
            case I4 -> nibble(segment, offsetBytes, element) << 28 >> 28;
            case U4, E2M1 -> nibble(segment, offsetBytes, element);
            default -> throw new IllegalStateException("tensor " + decl + " does not hold integers of up to 32 bits");
        };
    }

    /** Stores an integer element or code; sub-byte elements leave their neighbour alone. */
    public void setInt(long element, int value) {
        storeInt(segment, offsetBytes, dtype, element, value);
    }

    /** An i64 element. */
    public long getLong(long element) {
        return segment.get(I64, offsetBytes + 8 * element);
    }

    /** The value of an element of a region of some dtype. */
    public static float load(MemorySegment bytes, long offset, DType dtype, long element) {
        return switch (dtype) {
            case F32 -> bytes.get(F32, offset + 4 * element);
            case F16 -> Float.float16ToFloat(bytes.get(I16, offset + 2 * element));
            case BF16 -> Codes.bf16ToFloat(bytes.get(I16, offset + 2 * element));
            case E4M3 -> Codes.e4m3ToFloat(bytes.get(I8, offset + element));
            case E2M1 -> Codes.e2m1ToFloat(nibble(bytes, offset, element));
            case I8 -> bytes.get(I8, offset + element);
            case U8 -> bytes.get(I8, offset + element) & 0xff;
            case I4 -> nibble(bytes, offset, element) << 28 >> 28;
            case U4 -> nibble(bytes, offset, element);
            case I32 -> bytes.get(I32, offset + 4 * element);
            case I64 -> bytes.get(I64, offset + 8 * element);
        };
    }

    /** Rounds a value to a float dtype, to nearest even, and stores it in a region. */
    public static void store(MemorySegment bytes, long offset, DType dtype, long element, float value) {
        switch (dtype) {
            case F32 -> bytes.set(F32, offset + 4 * element, value);
            case F16 -> bytes.set(I16, offset + 2 * element, Float.floatToFloat16(value));
            case BF16 -> bytes.set(I16, offset + 2 * element, Codes.floatToBf16(value));
            case E4M3 -> bytes.set(I8, offset + element, Codes.floatToE4m3(value));
            case E2M1 -> setNibble(bytes, offset, element, Codes.floatToE2m1(value));
            default -> throw new IllegalStateException(dtype + " tensors take integers, not " + value);
        }
    }

    /** Stores an integer or code of up to 32 bits in a region; sub-byte elements leave their neighbour alone. */
    public static void storeInt(MemorySegment bytes, long offset, DType dtype, long element, int value) {
        switch (dtype) {
            case I32 -> bytes.set(I32, offset + 4 * element, value);
            case I8, U8, E4M3 -> bytes.set(I8, offset + element, (byte) value);
            case I4, U4, E2M1 -> setNibble(bytes, offset, element, value);
            default -> throw new IllegalStateException(dtype + " regions do not hold integers of up to 32 bits");
        }
    }

    /** The value that an fp64 number becomes when it is rounded once, to nearest even, to f32, f16 or bf16. */
    public static float rounded(DType dtype, double value) {
        float narrow = narrow(dtype, value);
        return switch (dtype) {
            case F32 -> narrow;
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(narrow));
            case BF16 -> Codes.bf16ToFloat(Codes.floatToBf16(narrow));
            default -> throw new IllegalStateException("only f32, f16 and bf16 are rounded to, not " + dtype);
        };
    }

    /**
     * A float that rounds to a narrower dtype as the fp64 value itself does: an inexact conversion is made odd, so
     * that it cannot fall on a tie that the value is not on.
     */
    private static float narrow(DType dtype, double value) {
        float nearest = (float) value;
        if (dtype == DType.F32 || nearest == value || !Float.isFinite(nearest)) {
            return nearest;
        }
        float towardsZero = Math.abs((double) nearest) > Math.abs(value)
                ? Float.intBitsToFloat(Float.floatToRawIntBits(nearest) - 1)
                : nearest;
        return Float.intBitsToFloat(Float.floatToRawIntBits(towardsZero) | 1);
    }

    private static int nibble(MemorySegment bytes, long offset, long element) {
        return (bytes.get(I8, offset + (element >> 1)) >> ((element & 1) << 2)) & 0xf;
    }

    private static void setNibble(MemorySegment bytes, long offset, long element, int value) {
        long at = offset + (element >> 1);
        int shift = (int) (element & 1) << 2;
        int kept = bytes.get(I8, at) & (0xf0 >> shift);
        bytes.set(I8, at, (byte) (kept | (value & 0xf) << shift));
    }

    @Override
    public String toString() {
        return decl.toString();
    }
}
