package dev.filigree.api.backend;

import org.jspecify.annotations.Nullable;

/** A device or driver failed. The message names the op or call, the device's own error, and what to try. */
public class BackendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** A failure with its cause, if any. */
    public BackendException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
