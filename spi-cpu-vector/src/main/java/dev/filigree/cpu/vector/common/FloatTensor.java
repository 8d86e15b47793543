package dev.filigree.cpu.vector.common;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.lanes.Memory;

/**
 * An f32, f16 or bf16 tensor as addresses. Point it at the run first. A row is all axes but the first; rows of f32 without
 * gaps are computed in place, others pass through scratch.
 */
public final class FloatTensor {
    private final HostTensor tensor;
    private final Storage storage;
    private final int rowElements;
    private final int runElements;
    private long base;

    FloatTensor(HostTensor tensor) {
        this.tensor = tensor;
        storage = storage(tensor.dtype());
        rowElements = Math.toIntExact(tensor.rowElements());
        runElements = runElements(tensor);
    }

    /** How a float dtype is stored. */
    public static Storage storage(DType dtype) {
        return switch (dtype) {
            case F32 -> Storage.F32;
            case F16 -> Storage.F16;
            case BF16 -> Storage.BF16;
            default -> throw new IllegalArgumentException("dtype is " + dtype + "; accepted are f32, f16 and bf16");
        };
    }

    /** Elements of a row that lie side by side. */
    private static int runElements(HostTensor tensor) {
        long run = 1;
        for (int axis = tensor.decl().rank() - 1; axis >= 1; axis--) {
            if (tensor.extent(axis) > 1 && tensor.stride(axis) != run) {
                break;
            }
            run *= tensor.extent(axis);
        }
        return Math.toIntExact(run);
    }

    /** Points at the bytes of the current run, after checking that they are there. */
    public void point() {
        long last = 0;
        for (int axis = 0; axis < tensor.decl().rank(); axis++) {
            if (tensor.extent(axis) == 0) {
                base = 0;
                return;
            }
            last += (tensor.extent(axis) - 1) * tensor.stride(axis);
        }
        base = Memory.address(tensor.segment(), tensor.offsetBytes(), storage.bytes() * (last + 1));
    }

    /** The tensor behind it. */
    public HostTensor tensor() {
        return tensor;
    }

    /** How elements are stored. */
    public Storage storage() {
        return storage;
    }

    /** Elements of a row. */
    public int rowElements() {
        return rowElements;
    }

    /** The extent of the first axis in this run. */
    public long rows() {
        return tensor.extent(0);
    }

    /** Whether rows are f32 side by side, so that kernels work on them in place. */
    public boolean inPlace() {
        return storage == Storage.F32 && runElements == rowElements;
    }

    /** Address of an element. */
    public long address(long element) {
        return base + element * storage.bytes();
    }

    /** Bytes from one index of an axis to the next. */
    public long strideBytes(int axis) {
        return tensor.stride(axis) * storage.bytes();
    }

    /** Address of the f32 of a row: the row itself, or scratch filled from it. */
    public long row(long row, long scratch) {
        if (inPlace()) {
            return address(tensor.at(row));
        }
        for (int start = 0; start < rowElements; start += runElements) {
            Widen.copy(storage, address(element(row, start)), scratch + 4L * start, runElements);
        }
        return scratch;
    }

    /** Address where the f32 of a row are to be written before {@link #store}: the row itself or scratch. */
    public long target(long row, long scratch) {
        return inPlace() ? address(tensor.at(row)) : scratch;
    }

    /** Stores f32 made at {@link #target}; nothing is left to do for a row written in place. */
    public void store(long row, long source) {
        if (inPlace() && source == address(tensor.at(row))) {
            return;
        }
        for (int start = 0; start < rowElements; start += runElements) {
            Narrow.copy(storage, source + 4L * start, address(element(row, start)), runElements);
        }
    }

    /** Reads part of a row as f32. */
    public void readSlice(long row, int column, long target, int count) {
        if (runElements == rowElements) {
            Widen.copy(storage, address(element(row, column)), target, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            Widen.copy(storage, address(element(row, column + i)), target + 4L * i, 1);
        }
    }

    /** Stores f32 as part of a row. */
    public void writeSlice(long row, int column, long source, int count) {
        if (runElements == rowElements) {
            Narrow.copy(storage, source, address(element(row, column)), count);
            return;
        }
        for (int i = 0; i < count; i++) {
            Narrow.copy(storage, source + 4L * i, address(element(row, column + i)), 1);
        }
    }

    /** Reads a tensor of one axis as f32. */
    public void readVector(long target) {
        int count = Math.toIntExact(tensor.extent(0));
        if (tensor.stride(0) == 1) {
            Widen.copy(storage, base, target, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            Widen.copy(storage, address(tensor.at(i)), target + 4L * i, 1);
        }
    }

    private long element(long row, long column) {
        long element = tensor.at(row);
        long rest = column;
        for (int axis = tensor.decl().rank() - 1; axis >= 1; axis--) {
            element += rest % tensor.extent(axis) * tensor.stride(axis);
            rest /= tensor.extent(axis);
        }
        return element;
    }
}
