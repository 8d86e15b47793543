package dev.filigree.conformance.certificate;

import dev.filigree.conformance.rule.Level;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What a run says about one rule.
 *
 * @param rule the rule
 * @param passed executions in which it held
 * @param failed executions in which it did not
 * @param waived failed executions that a waiver bears
 * @param unsupported executions that the backend does not run
 * @param closest the passing execution that used the largest share of its tolerance
 */
public record RuleResult(
        Rule rule, long passed, long failed, long waived, long unsupported, Optional<CaseResult> closest) {

    /** Outcomes of a rule, the worst first. */
    public enum Outcome {
        /** It is binding and was broken. */
        BROKEN,
        /** It is binding, was broken, and a waiver bears it. */
        WAIVED,
        /** It is optional and was broken. */
        OPTIONAL_BROKEN,
        /** The backend runs none of its cases. */
        UNSUPPORTED,
        /** The tier or the profile has no case of it, or no test can decide it. */
        NOT_RUN,
        /** It held wherever the backend runs its cases. */
        HELD
    }

    static RuleResult of(Rule rule, List<CaseResult> results, List<CaseResult> borne) {
        List<CaseResult> own =
                results.stream().filter(result -> speaksOf(result, rule)).toList();
        return new RuleResult(
                rule,
                count(own, Status.PASSED),
                count(own, Status.FAILED),
                own.stream().filter(borne::contains).count(),
                count(own, Status.UNSUPPORTED),
                own.stream()
                        .filter(result -> result.status() == Status.PASSED
                                && result.executed().rule() == rule)
                        .max(Comparator.comparingDouble(CaseResult::margin)));
    }

    // A case that passes shows every rule it decides; one that fails shows the rule that it broke.
    private static boolean speaksOf(CaseResult result, Rule rule) {
        return switch (result.status()) {
            case PASSED -> result.executed().rules().contains(rule);
            case FAILED -> result.brokenRule().orElse(result.executed().rule()) == rule;
            case UNSUPPORTED -> result.executed().rule() == rule;
        };
    }

    private static long count(List<CaseResult> results, Status status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    /** The outcome. */
    public Outcome outcome() {
        if (failed > waived) {
            return rule.level() == Level.OPTIONAL ? Outcome.OPTIONAL_BROKEN : Outcome.BROKEN;
        }
        if (waived > 0) {
            return Outcome.WAIVED;
        }
        if (passed > 0) {
            return Outcome.HELD;
        }
        return unsupported > 0 ? Outcome.UNSUPPORTED : Outcome.NOT_RUN;
    }

    /** Largest share of a tolerance used by a passing execution; 0 where nothing was compared. */
    public double margin() {
        return closest.map(CaseResult::margin).orElse(0.0);
    }
}
