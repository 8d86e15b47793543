package dev.filigree.api.host;

import dev.filigree.api.tensor.OutOfMemoryException;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the native memory of one backend against a limit. Thread-safe. */
public final class HostMemory {
    private final long limitBytes;
    private final AtomicLong used = new AtomicLong();

    /** A count that refuses to pass a limit. */
    public HostMemory(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /** The limit. */
    public long limitBytes() {
        return limitBytes;
    }

    /** Bytes now reserved. */
    public long usedBytes() {
        return used.get();
    }

    void reserve(long bytes) {
        long before = used.getAndUpdate(held -> bytes > limitBytes - held ? held : held + bytes);
        if (bytes > limitBytes - before) {
            throw new OutOfMemoryException(
                    bytes, "host memory", (limitBytes - before) + " of " + limitBytes + " bytes are free");
        }
    }

    void release(long bytes) {
        used.addAndGet(-bytes);
    }
}
