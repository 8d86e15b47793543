package dev.filigree.cpu.vector.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/** A tensor {@code [rows, columns]} of codes. Point it at the run first. */
public final class CodeTensor {
    private final HostTensor tensor;
    private final DType dtype;
    private final int columns;
    private final boolean packed;
    private final boolean plainRows;
    private long base;

    /** A view of codes; rows are all axes but the first. */
    public CodeTensor(HostTensor tensor) {
        this.tensor = tensor;
        dtype = tensor.dtype();
        columns = Math.toIntExact(tensor.rowElements());
        packed = dtype.isPacked();
        int last = tensor.decl().rank() - 1;
        boolean sideBySide = last == 1 && tensor.stride(1) == 1;
        plainRows = sideBySide && (!packed || tensor.stride(0) % 2 == 0);
    }

    /** Points at the bytes of the current run, after checking that they are there. */
    public void point() {
        long elements = tensor.extent(0) == 0 ? 0 : tensor.at(tensor.extent(0) - 1) + columns;
        base = elements == 0
                ? 0
                : Memory.address(tensor.segment(), tensor.offsetBytes(), packed ? (elements + 1) / 2 : elements);
    }

    /** Elements of a row. */
    public int columns() {
        return columns;
    }

    /** The extent of the first axis in this run. */
    public long rows() {
        return tensor.extent(0);
    }

    /** Writes part of a row as f32; the part begins at an even column. */
    void widen(long row, int column, long target, int count) {
        if (plainRows) {
            long element = tensor.at(row) + column;
            CodeRow.copy(dtype, base + (packed ? element >> 1 : element), target, count);
            return;
        }
        MemorySegment all = Memory.all();
        for (int i = 0; i < count; i++) {
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, tensor.get(tensor.at(row) + (long) (column + i) * step()));
        }
    }

    /** Stores two neighbouring codes, the first at an even column; the second may lie past the end of the row. */
    void store(long row, int column, int first, int second) {
        if (plainRows && packed && column + 1 < columns) {
            long at = base + (tensor.at(row) + column >> 1);
            Memory.all().set(JAVA_BYTE, at, (byte) (first & 15 | second << 4));
            return;
        }
        tensor.setInt(tensor.at(row) + (long) column * step(), first);
        if (column + 1 < columns) {
            tensor.setInt(tensor.at(row) + (long) (column + 1) * step(), second);
        }
    }

    private long step() {
        return tensor.stride(tensor.decl().rank() - 1);
    }
}
