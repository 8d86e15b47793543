package dev.filigree.api.backend;

import java.util.List;
import java.util.stream.Collectors;

/** A backend was asked to prepare a plan that it cannot run. */
public final class UnsupportedPlanException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<Reason> reasons;

    /** Lists every reason. */
    public UnsupportedPlanException(String backend, String plan, List<Reason> reasons) {
        super("backend " + backend + " cannot run plan " + plan + ": "
                + reasons.stream().map(Reason::toString).collect(Collectors.joining("; ")));
        this.reasons = List.copyOf(reasons);
    }

    /** Every reason. */
    public List<Reason> reasons() {
        return reasons;
    }
}
