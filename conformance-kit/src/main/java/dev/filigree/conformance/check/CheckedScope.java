package dev.filigree.conformance.check;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.rule.RuleBroken;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Lays guards around every buffer and looks at them once more before it closes. */
final class CheckedScope implements BufferScope {
    private final CheckedBackend owner;
    private final BufferScope inner;
    private final ExecutionStream stream;
    private final List<CheckedBuffer> buffers = new ArrayList<>();
    private boolean closed;

    CheckedScope(CheckedBackend owner, Backend backend) {
        this.owner = owner;
        inner = backend.openScope();
        stream = backend.openStream();
    }

    @Override
    public DeviceBuffer allocate(long sizeBytes) {
        if (sizeBytes < 0) {
            return inner.allocate(sizeBytes);
        }
        DeviceBuffer buffer = inner.allocate(Math.addExact(sizeBytes, 2 * Guards.BYTES));
        if (buffer.sizeBytes() != sizeBytes + 2 * Guards.BYTES) {
            throw new RuleBroken(
                    Rule.R1002,
                    "a buffer of " + (sizeBytes + 2 * Guards.BYTES) + " bytes was asked for, " + buffer.sizeBytes()
                            + " are usable");
        }
        Guards.lay(stream, buffer, 0);
        Guards.lay(stream, buffer, Guards.BYTES + sizeBytes);
        stream.synchronize();
        CheckedBuffer checked = new CheckedBuffer(owner, buffer, Guards.BYTES);
        buffers.add(checked);
        return checked;
    }

    @Override
    public DeviceBuffer upload(MemorySegment data) {
        return new CheckedBuffer(owner, inner.upload(data), 0);
    }

    @Override
    public long allocatedBytes() {
        return inner.allocatedBytes() - 2 * Guards.BYTES * buffers.size();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            for (CheckedBuffer buffer : buffers) {
                CheckedPlan.verifyGuards(stream, buffer, "a buffer");
            }
        } finally {
            stream.close();
            inner.close();
        }
    }
}
