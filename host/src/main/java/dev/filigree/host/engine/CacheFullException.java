package dev.filigree.host.engine;

/** The KV cache has no room for a step. Nothing has changed; closing a session makes room. */
public final class CacheFullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** One sentence with the pages that are free and needed. */
    public CacheFullException(String message) {
        super(message);
    }
}
