package dev.filigree.host.engine;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** State that policies keep per sequence: one row of each tensor, in the slot of the sequence. */
final class PolicyRows {
    private final ExecutionStream stream;
    private final List<Rows> states = new ArrayList<>();

    private record Rows(DeviceBuffer buffer, long rowBytes) {}

    PolicyRows(ExecutionStream stream) {
        this.stream = stream;
    }

    void add(DeviceBuffer buffer, TensorDecl decl) {
        states.add(new Rows(buffer, decl.dtype().bytes(decl.strides().step(0))));
    }

    /** Clears what policies know about the sequence of a slot. */
    void clear(int slot) {
        for (int i = 0; i < states.size(); i++) {
            Rows rows = states.get(i);
            stream.fill(rows.buffer(), slot * rows.rowBytes(), rows.rowBytes(), (byte) 0);
        }
    }

    /** Makes one slot know what another knows. */
    void copy(int from, int to) {
        for (Rows rows : states) {
            stream.copy(rows.buffer(), from * rows.rowBytes(), rows.buffer(), to * rows.rowBytes(), rows.rowBytes());
        }
    }

    /** Bytes of all rows of a slot. */
    long sizeBytes() {
        return states.stream().mapToLong(Rows::rowBytes).sum();
    }

    /** Reads the rows of a slot. */
    void read(int slot, MemorySegment target) {
        long at = 0;
        for (Rows rows : states) {
            stream.read(rows.buffer(), slot * rows.rowBytes(), target.asSlice(at, rows.rowBytes()));
            at += rows.rowBytes();
        }
    }

    /** Writes what {@link #read} gave; state that was added since then is cleared. */
    void write(MemorySegment source, int slot) {
        clear(slot);
        long at = 0;
        for (Rows rows : states) {
            if (at + rows.rowBytes() > source.byteSize()) {
                return;
            }
            stream.write(source.asSlice(at, rows.rowBytes()), rows.buffer(), slot * rows.rowBytes());
            at += rows.rowBytes();
        }
    }
}
