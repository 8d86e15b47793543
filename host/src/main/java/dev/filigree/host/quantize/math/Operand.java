package dev.filigree.host.quantize.math;

import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;

/** A matrix on the device. Close it to free it. */
public final class Operand implements AutoCloseable {
    private final BufferScope scope;
    private final DeviceBuffer buffer;
    private final int rows;
    private final int columns;

    Operand(BufferScope scope, DeviceBuffer buffer, int rows, int columns) {
        this.scope = scope;
        this.buffer = buffer;
        this.rows = rows;
        this.columns = columns;
    }

    DeviceBuffer buffer() {
        return buffer;
    }

    /** Number of rows. */
    public int rows() {
        return rows;
    }

    /** Number of columns. */
    public int columns() {
        return columns;
    }

    @Override
    public void close() {
        scope.close();
    }
}
