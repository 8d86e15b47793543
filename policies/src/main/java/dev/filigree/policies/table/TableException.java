package dev.filigree.policies.table;

/** A table file cannot be used; the message names file and line, with actual and accepted values. */
public final class TableException extends Exception {
    private static final long serialVersionUID = 1L;

    /** A file may hold words of any length; a sentence stays a line to read. */
    private static final int MAX_CHARACTERS = 600;

    /** One sentence, cut in its middle where it is too long. */
    public TableException(String message) {
        super(
                message.length() <= MAX_CHARACTERS
                        ? message
                        : message.substring(0, MAX_CHARACTERS / 2) + " ... "
                                + message.substring(message.length() - MAX_CHARACTERS / 2));
    }
}
