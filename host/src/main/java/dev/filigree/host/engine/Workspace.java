package dev.filigree.host.engine;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;

/** The workspace that all prepared plans share, since one step runs at a time. Grows when a larger plan is prepared. */
final class Workspace implements AutoCloseable {
    private final Backend backend;
    private BufferScope scope;
    private DeviceBuffer buffer;

    Workspace(Backend backend) {
        this.backend = backend;
        scope = backend.openScope();
        buffer = scope.allocate(0);
    }

    /** Makes it at least so large; no step may be running. */
    void ensure(long sizeBytes) {
        if (buffer.sizeBytes() >= sizeBytes) {
            return;
        }
        BufferScope larger = backend.openScope();
        boolean allocated = false;
        try {
            DeviceBuffer next = larger.allocate(sizeBytes);
            allocated = true;
            scope.close();
            scope = larger;
            buffer = next;
        } finally {
            if (!allocated) {
                larger.close();
            }
        }
    }

    DeviceBuffer buffer() {
        return buffer;
    }

    @Override
    public void close() {
        scope.close();
    }
}
