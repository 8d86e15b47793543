package dev.filigree.api.plan;

/**
 * A plan, or what was bound to it, contradicts itself. The message is one sentence with actual and accepted
 * values.
 */
public final class PlanException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** One sentence that names the op or tensor, the actual and the accepted values. */
    public PlanException(String message) {
        super(message);
    }
}
