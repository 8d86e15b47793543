package dev.filigree.api.tensor;

/** Device or host memory ran out. Everything is as it was before the call that failed. */
public final class OutOfMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long requestedBytes;

    /**
     * Names the request that failed.
     *
     * @param requestedBytes the size asked for, in bytes
     * @param where what was asked, such as a device name
     * @param available what is known of the space left, as a phrase
     */
    public OutOfMemoryException(long requestedBytes, String where, String available) {
        super("cannot allocate " + requestedBytes + " bytes on " + where + ": " + available);
        this.requestedBytes = requestedBytes;
    }

    /** The size asked for, in bytes. */
    public long requestedBytes() {
        return requestedBytes;
    }
}
