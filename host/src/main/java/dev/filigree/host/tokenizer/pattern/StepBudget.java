package dev.filigree.host.tokenizer.pattern;

import java.util.function.Supplier;

/**
 * A text that counts how often it is read and stops a matcher that reads too much of it: a pattern from a file can be
 * written so that matching takes exponential time.
 */
final class StepBudget implements CharSequence {
    /** Patterns of real checkpoints read each character about ten times. */
    static final long STEPS_PER_CHAR = 1_000;

    private static final long STEPS_AT_LEAST = 1_000_000;

    private final String text;
    private final Supplier<RuntimeException> exceeded;
    private long stepsLeft;

    StepBudget(String text, Supplier<RuntimeException> exceeded) {
        this.text = text;
        this.exceeded = exceeded;
        this.stepsLeft = STEPS_AT_LEAST + STEPS_PER_CHAR * text.length();
    }

    @Override
    public char charAt(int index) {
        if (--stepsLeft < 0) {
            throw exceeded.get();
        }
        return text.charAt(index);
    }

    @Override
    public int length() {
        return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return text.substring(start, end);
    }

    @Override
    public String toString() {
        return text;
    }
}
