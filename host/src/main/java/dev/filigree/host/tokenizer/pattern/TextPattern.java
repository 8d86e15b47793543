package dev.filigree.host.tokenizer.pattern;

import dev.filigree.host.json.JsonValue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a file searches for, with bounds on what that may cost: {@code {"String": text}} or {@code {"Regex": expression}}. */
public final class TextPattern {
    /** Receives the matches from left to right, none overlapping, none empty. */
    @FunctionalInterface
    public interface MatchSink {
        void match(int start, int end);
    }

    private static final int MAX_LITERAL_LENGTH = 1024;
    private static final int MAX_GROWN_LENGTH = 1 << 24;

    private final JsonValue source;
    private final String literal;
    private final @Nullable Pattern regex;

    private TextPattern(JsonValue source, String literal, @Nullable Pattern regex) {
        this.source = source;
        this.literal = literal;
        this.regex = regex;
    }

    /**
     * Reads {@code {"String": ...}} or {@code {"Regex": ...}}.
     *
     * @throws RuntimeException the file reader's, if it is neither or the expression is not supported
     */
    public static TextPattern read(JsonValue json) {
        if (json.isObject() && json.find("String").isPresent()) {
            JsonValue literal = json.get("String");
            if (literal.string().isEmpty() || literal.string().length() > MAX_LITERAL_LENGTH) {
                throw literal.notA("a text of 1 to " + MAX_LITERAL_LENGTH + " characters");
            }
            return literal(literal, literal.string());
        }
        if (json.isObject() && json.find("Regex").isPresent()) {
            JsonValue regex = json.get("Regex");
            return regex(regex, regex.string());
        }
        throw json.notA("{\"String\": text} or {\"Regex\": expression}");
    }

    /** The text {@code literal} itself, not empty, standing for the component {@code source} in messages. */
    public static TextPattern literal(JsonValue source, String literal) {
        return new TextPattern(source, literal, null);
    }

    /** The pattern {@code expression}, standing for the component {@code source} in messages. */
    public static TextPattern regex(JsonValue source, String expression) {
        return new TextPattern(source, "", RegexSyntax.compile(source, expression));
    }

    /**
     * Finds all matches.
     *
     * @throws RuntimeException the file reader's, if the search takes more steps than a thousand per character
     */
    public void matches(String text, MatchSink sink) {
        if (regex == null) {
            for (int i = text.indexOf(literal); i >= 0; i = text.indexOf(literal, i + literal.length())) {
                sink.match(i, i + literal.length());
            }
            return;
        }
        Matcher matcher = regex.matcher(new StepBudget(text, () -> tooSlow(text)));
        while (matcher.find()) {
            if (matcher.end() > matcher.start()) {
                sink.match(matcher.start(), matcher.end());
            }
        }
    }

    /**
     * Whether all of {@code text} is one match.
     *
     * @throws RuntimeException the file reader's, if the search takes more steps than a thousand per character
     */
    public boolean isWhole(String text) {
        return regex == null
                ? text.equals(literal)
                : regex.matcher(new StepBudget(text, () -> tooSlow(text))).matches();
    }

    /**
     * {@code text} with every match replaced by {@code content}, taken literally.
     *
     * @throws RuntimeException the file reader's, if that makes a text of more than 16 Mi characters out of a smaller one
     */
    public String replaceAll(String text, String content) {
        long limit = Math.max(MAX_GROWN_LENGTH, text.length());
        StringBuilder out = new StringBuilder(text.length());
        int[] copied = {0};
        matches(text, (start, end) -> {
            out.append(text, copied[0], start).append(content);
            copied[0] = end;
            if (out.length() > limit) {
                throw source.problem(source.path() + " makes more than " + limit + " characters out of " + text.length()
                        + "; accepted: replacements that do not inflate a text so");
            }
        });
        return copied[0] == 0
                ? text
                : out.append(text, copied[0], text.length()).toString();
    }

    private RuntimeException tooSlow(String text) {
        return source.problem(source.path() + " needs too many steps for a text of " + text.length()
                + " characters; accepted: expressions that take at most " + StepBudget.STEPS_PER_CHAR
                + " steps per character");
    }
}
