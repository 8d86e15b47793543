package dev.filigree.policies.table;

import dev.filigree.policies.config.ConfigProblem;

/** A table file cannot be used; the message names file and line, with actual and accepted values. */
public final class TableException extends Exception {
    private static final long serialVersionUID = 1L;

    /** One sentence, cut in its middle where it is too long, as words of a file may be. */
    public TableException(String message) {
        super(ConfigProblem.shortened(message));
    }
}
