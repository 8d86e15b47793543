package dev.filigree.conformance.rule;

/** A backend broke a rule. The message says what was seen and what the rule asks for. */
public final class RuleBroken extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Rule rule;

    /** A broken rule and what was seen. */
    public RuleBroken(Rule rule, String message) {
        super(rule.testName() + ": " + message);
        this.rule = rule;
    }

    /** The rule. */
    public Rule rule() {
        return rule;
    }
}
