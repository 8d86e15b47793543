package dev.filigree.api.select;

/** No backend can do what was asked. The message lists every backend with its reasons. */
public final class NoBackendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The whole refusal. */
    public NoBackendException(String message) {
        super(message);
    }
}
