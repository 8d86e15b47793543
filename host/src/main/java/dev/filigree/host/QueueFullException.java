package dev.filigree.host;

/** Too many requests wait for a model already. Nothing has changed; ask again later. */
public final class QueueFullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** One sentence with the number that wait and the number that may. */
    public QueueFullException(String message) {
        super(message);
    }
}
