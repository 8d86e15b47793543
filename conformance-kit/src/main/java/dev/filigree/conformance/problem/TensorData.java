package dev.filigree.conformance.problem;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.plan.Axes;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The bytes of one tensor in one run, on the heap. Indices are elements, strides included. */
public final class TensorData {
    /** Fills outputs before a run, so that elements nobody wrote are recognised. */
    public static final byte UNTOUCHED = 0x5a;

    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;

    private final TensorDecl decl;
    private final long[] extents;
    private final MemorySegment bytes;

    private TensorData(TensorDecl decl, long[] extents, MemorySegment bytes) {
        this.decl = decl;
        this.extents = extents;
        this.bytes = bytes;
    }

    /** A tensor of zeros with the extents of a run. */
    public static TensorData zeros(TensorDecl decl, Axes axes) {
        long[] extents = new long[decl.rank()];
        Arrays.setAll(extents, axis -> decl.dims().get(axis).extent(axes));
        byte[] bytes = new byte[Math.toIntExact(spanBytes(decl, extents))];
        return new TensorData(decl, extents, MemorySegment.ofArray(bytes));
    }

    /** A tensor over bytes that are there already. */
    public static TensorData view(TensorDecl decl, Axes axes, MemorySegment from) {
        long[] extents = new long[decl.rank()];
        Arrays.setAll(extents, axis -> decl.dims().get(axis).extent(axes));
        return new TensorData(decl, extents, from.asSlice(0, spanBytes(decl, extents)));
    }

    private static long spanBytes(TensorDecl decl, long[] extents) {
        long last = 0;
        for (int axis = 0; axis < extents.length; axis++) {
            if (extents[axis] == 0) {
                return 0;
            }
            last += (extents[axis] - 1) * decl.strides().step(axis);
        }
        return decl.dtype().bytes(last + 1);
    }

    /** The same tensor over other bytes of the same size. */
    public TensorData over(MemorySegment other) {
        return new TensorData(decl, extents, other);
    }

    /** An independent copy. */
    public TensorData copy() {
        return over(MemorySegment.ofArray(bytes.toArray(ValueLayout.JAVA_BYTE)));
    }

    /** The declaration. */
    public TensorDecl decl() {
        return decl;
    }

    /** How elements are stored. */
    public DType dtype() {
        return decl.dtype();
    }

    /** The bytes. */
    public MemorySegment bytes() {
        return bytes;
    }

    /** The extent of an axis. */
    public int extent(int axis) {
        return Math.toIntExact(extents[axis]);
    }

    /** Elements from the first to the last, gaps of strided tensors included. */
    public long spanElements() {
        return bytes.byteSize() * 8 / dtype().bits();
    }

    /** Elements that indices reach. */
    public int numElements() {
        long product = 1;
        for (long extent : extents) {
            product *= extent;
        }
        return Math.toIntExact(product);
    }

    /** Where the i-th element in row-major order lies. */
    public long element(int rowMajor) {
        long element = 0;
        long rest = rowMajor;
        for (int axis = extents.length - 1; axis >= 0; axis--) {
            element += rest % extents[axis] * decl.strides().step(axis);
            rest /= extents[axis];
        }
        return element;
    }

    /** The value of an element. */
    public float get(long element) {
        return HostTensor.load(bytes, 0, dtype(), element);
    }

    /** Rounds a value to the dtype and stores it. */
    public void set(long element, float value) {
        HostTensor.store(bytes, 0, dtype(), element, value);
    }

    /** An i32 element. */
    public int getInt(long element) {
        return bytes.get(I32, 4 * element);
    }

    /** Stores an i32 element. */
    public void setInt(long element, int value) {
        bytes.set(I32, 4 * element, value);
    }

    /** Stores an integer or code of up to 32 bits. */
    public void setCode(long element, int value) {
        HostTensor.storeInt(bytes, 0, dtype(), element, value);
    }

    /** Stores an i64 element. */
    public void setLong(long element, long value) {
        bytes.set(I64, 8 * element, value);
    }

    /** Stores values in row-major order, each rounded to the dtype. */
    public TensorData fill(float[] values) {
        requireCount(values.length);
        for (int i = 0; i < values.length; i++) {
            set(element(i), values[i]);
        }
        return this;
    }

    /** Stores i32 values in row-major order. */
    public TensorData fill(int[] values) {
        requireCount(values.length);
        for (int i = 0; i < values.length; i++) {
            setInt(element(i), values[i]);
        }
        return this;
    }

    /** The values in row-major order. */
    public float[] values() {
        float[] values = new float[numElements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = get(element(i));
        }
        return values;
    }

    /** The i32 values in row-major order. */
    public int[] ints() {
        int[] values = new int[numElements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = getInt(element(i));
        }
        return values;
    }

    private void requireCount(int count) {
        if (count != numElements()) {
            throw new IllegalArgumentException(decl + " takes " + numElements() + " values, not " + count);
        }
    }

    @Override
    public String toString() {
        return decl.toString();
    }
}
