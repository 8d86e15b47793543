package dev.filigree.api.tensor;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A handle to memory of one backend, owned by the {@link BufferScope} that made it. The first byte is aligned to
 * {@link BufferScope#ALIGNMENT_BYTES}. Using a buffer after its scope closed throws {@link IllegalStateException}.
 */
public interface DeviceBuffer {

    /** Usable size in bytes. */
    long sizeBytes();

    /** Whether the owning scope is still open. */
    boolean isAlive();

    /**
     * The bytes themselves when the host can address them, as every CPU backend's can be; empty for memory that only
     * a device sees. Reading it while work that writes the buffer is in flight is a race.
     */
    Optional<MemorySegment> hostSegment();
}
