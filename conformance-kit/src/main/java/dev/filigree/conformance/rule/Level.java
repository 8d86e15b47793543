package dev.filigree.conformance.rule;

/** How binding a rule is; the first word of a test name. */
public enum Level {
    /** A backend that breaks it does not conform. */
    REQUIRED("required"),
    /** Wanted; a backend that breaks it says so in its report. */
    OPTIONAL("optional"),
    /** Binding, but no test can decide it. */
    UNTESTED("untested");

    private final String word;

    Level(String word) {
        this.word = word;
    }

    /** The word in test names. */
    public String word() {
        return word;
    }
}
