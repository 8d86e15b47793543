package dev.filigree.host.tokenizer.pattern;

import dev.filigree.host.json.JsonValue;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Admits the expressions that mean the same in Oniguruma (which the files are written for) and in {@link Pattern}, and
 * whose matching needs a stack that does not grow with the text: a group may be optional, not repeated.
 */
final class RegexSyntax {
    private static final int MAX_LENGTH = 4096;
    private static final int MAX_DEPTH = 32;
    private static final int FLAGS = Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES | Pattern.MULTILINE;
    private static final String LETTER_ESCAPES = "pPsSdDwWrntfuxbBAzZ";
    private static final String ACCEPTED =
            "character classes, alternatives, groups (?:...) (?i:...) (?=...) (?!...), and repetition of single characters";

    private final JsonValue source;
    private final String expression;
    private int at;
    private int depth;

    private RegexSyntax(JsonValue source, String expression) {
        this.source = source;
        this.expression = expression;
    }

    static Pattern compile(JsonValue source, String expression) {
        if (expression.length() > MAX_LENGTH) {
            throw source.notA("an expression of at most " + MAX_LENGTH + " characters");
        }
        new RegexSyntax(source, expression).check();
        // \p{Han} and the other scripts need a prefix in Java
        String java = expression.replaceAll(
                "\\\\([pP])\\{(Han|Hiragana|Katakana|Hangul|Latin|Cyrillic|Greek|Arabic|Thai)\\}", "\\\\$1{Is$2}");
        try {
            return Pattern.compile(java, FLAGS);
        } catch (PatternSyntaxException e) {
            throw source.problem(source.path() + " is not an expression this reader knows (" + e.getDescription()
                    + " near index " + e.getIndex() + "); accepted: " + ACCEPTED);
        }
    }

    private void check() {
        while (at < expression.length()) {
            char c = expression.charAt(at++);
            switch (c) {
                case '\\' -> escape();
                case '[' -> characterClass();
                case '(' -> open();
                case ')' -> close();
                default -> {
                    // an ordinary character, or an operator that both dialects share
                }
            }
        }
        if (depth != 0) {
            throw refused("an unclosed group");
        }
    }

    private void escape() {
        if (at == expression.length()) {
            throw refused("a backslash at the end");
        }
        char c = expression.charAt(at++);
        if (isAsciiLetterOrDigit(c) && LETTER_ESCAPES.indexOf(c) < 0) {
            throw refused("\\" + c);
        }
    }

    private void characterClass() {
        int nested = 1;
        if (peek("^")) {
            at++;
        }
        if (peek("]")) {
            throw refused("a class that begins with ]");
        }
        while (nested > 0) {
            if (at == expression.length()) {
                throw refused("an unclosed class");
            }
            char c = expression.charAt(at++);
            if (c == '\\') {
                escape();
            } else if (c == '[') {
                if (peek(":") || ++nested > MAX_DEPTH) {
                    throw refused("a class inside a class");
                }
            } else if (c == ']') {
                nested--;
            }
        }
    }

    private void open() {
        if (++depth > MAX_DEPTH) {
            throw refused("groups nested deeper than " + MAX_DEPTH);
        }
        if (peek("?") && !peek("?:") && !peek("?i:") && !peek("?=") && !peek("?!")) {
            throw refused("the group (" + expression.substring(at, Math.min(at + 2, expression.length())));
        }
        if (peek("?")) {
            at = expression.charAt(at + 1) == 'i' ? at + 3 : at + 2;
        }
    }

    private void close() {
        if (--depth < 0) {
            throw refused("a ) without its (");
        }
        if (peek("*") || peek("+") || peek("{")) {
            throw refused("a repeated group");
        }
    }

    private boolean peek(String text) {
        return expression.startsWith(text, at);
    }

    private static boolean isAsciiLetterOrDigit(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    private RuntimeException refused(String what) {
        return source.problem(source.path() + " holds " + what + " at index " + at + "; accepted: " + ACCEPTED);
    }
}
