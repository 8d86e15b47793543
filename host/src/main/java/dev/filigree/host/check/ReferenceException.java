package dev.filigree.host.check;

/** A reference file that cannot be used: one sentence with file, place, actual and accepted values. */
public final class ReferenceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** That sentence. */
    public ReferenceException(String message) {
        super(message);
    }
}
