package dev.filigree.policies.table;

/** A table file cannot be used; the message names file and line, with actual and accepted values. */
public final class TableException extends Exception {
    private static final long serialVersionUID = 1L;

    /** One sentence. */
    public TableException(String message) {
        super(message);
    }
}
