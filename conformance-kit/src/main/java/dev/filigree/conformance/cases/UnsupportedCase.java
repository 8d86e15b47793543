package dev.filigree.conformance.cases;

import dev.filigree.api.backend.Reason;
import java.util.List;
import java.util.stream.Collectors;

/** The backend says that it does not run the plan of a case. Not a failure. */
public final class UnsupportedCase extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why not. */
    public UnsupportedCase(List<Reason> reasons) {
        super(reasons.stream().map(Reason::toString).collect(Collectors.joining("; ")));
    }

    /** Why not, in the kit's own words. */
    public UnsupportedCase(String reason) {
        super(reason);
    }
}
