package dev.filigree.conformance.run;

import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.rule.Rule;
import java.util.Optional;

/**
 * What came of one execution of a case.
 *
 * @param executed the case
 * @param seed the seed it ran with
 * @param status the outcome
 * @param brokenRule the rule that does not hold, for failures
 * @param message why it failed or is unsupported; what was measured if it passed, mostly nothing
 * @param margin largest share of a tolerance used, 0 where nothing was compared
 * @param nanos time taken
 */
public record CaseResult(
        ConformanceCase executed,
        long seed,
        Status status,
        Optional<Rule> brokenRule,
        String message,
        double margin,
        long nanos) {

    /** Outcomes. */
    public enum Status {
        /** The rule held. */
        PASSED,
        /** The rule did not hold, or the backend threw what it must not. */
        FAILED,
        /** The backend says that it does not run the plan. */
        UNSUPPORTED
    }

    /** System properties that run exactly this again. */
    public String replay() {
        return "-Dfiligree.kit.case='" + executed.id() + "' -Dfiligree.kit.seed=" + seed;
    }
}
