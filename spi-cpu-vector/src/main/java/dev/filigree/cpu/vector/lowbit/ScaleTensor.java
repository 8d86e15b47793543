package dev.filigree.cpu.vector.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostTensor;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/** Scales, zeros, biases: small tensors of any float dtype, e4m3 included, read as f32. */
final class ScaleTensor {
    private final HostTensor tensor;

    ScaleTensor(HostTensor tensor) {
        this.tensor = tensor;
    }

    /** Numbers of one row: 1 for a tensor of one axis. */
    int columns() {
        return Math.toIntExact(tensor.rowElements());
    }

    /** Writes a row as f32. */
    void widen(long row, long target) {
        MemorySegment all = Memory.all();
        int columns = columns();
        for (int i = 0; i < columns; i++) {
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, get(row, i));
        }
    }

    /** One number. */
    float get(long row, int column) {
        return tensor.get(tensor.decl().rank() == 1 ? tensor.at(row) : tensor.at(row, column));
    }

    /**
     * Writes {@code [columns, width]} f32, the transpose of some rows, 0 where there are none.
     *
     * @param first first row
     * @param rows rows that exist
     * @param width columns of the target
     */
    void panel(long first, int rows, int width, long target) {
        MemorySegment all = Memory.all();
        for (int g = 0; g < columns(); g++) {
            for (int j = 0; j < width; j++) {
                float value = j < rows ? get(first + j, g) : 0;
                all.set(JAVA_FLOAT_UNALIGNED, target + 4L * (g * width + j), value);
            }
        }
    }
}
