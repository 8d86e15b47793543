package dev.filigree.host.tokenizer.pretokenizer;

import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.pattern.TextPattern;
import dev.filigree.host.tokenizer.pattern.WhiteSpace;
import dev.filigree.host.tokenizer.pretokenizer.Metaspace.Prepend;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Builds the {@link PreTokenizer} that a tokenizer.json describes. */
public final class PreTokenizerReader {
    private static final String ACCEPTED = "\"ByteLevel\", \"Digits\", \"Metaspace\", \"Punctuation\", \"Sequence\", "
            + "\"Split\", \"Whitespace\", \"WhitespaceSplit\"";
    private static final int MAX_STEPS = 64;

    private PreTokenizerReader() {}

    /**
     * Reads one component.
     *
     * @throws RuntimeException the file reader's, if the component's type or settings are not supported
     */
    public static PreTokenizer read(JsonValue json) {
        JsonValue type = json.get("type");
        return switch (type.string()) {
            case "ByteLevel" -> byteLevel(json);
            case "Digits" -> digits(json);
            case "Metaspace" -> metaspace(json);
            case "Punctuation" -> punctuation(json);
            case "Sequence" -> sequence(json.get("pretokenizers"));
            case "Split" -> split(json);
            case "Whitespace" -> matching(json, "\\w+|[^\\w\\s]+", SplitBehavior.REMOVED, true);
            case "WhitespaceSplit" -> new Split(Split.codePoints(WhiteSpace::is), SplitBehavior.REMOVED, false);
            default -> throw type.notA(ACCEPTED);
        };
    }

    private static PreTokenizer split(JsonValue json) {
        TextPattern pattern = TextPattern.read(json.get("pattern"));
        boolean invert = json.find("invert").map(JsonValue::bool).orElse(false);
        return new Split(pattern::matches, SplitBehavior.read(json.get("behavior")), invert);
    }

    private static PreTokenizer matching(JsonValue json, String regex, SplitBehavior behavior, boolean invert) {
        return new Split(TextPattern.regex(json, regex)::matches, behavior, invert);
    }

    private static PreTokenizer byteLevel(JsonValue json) {
        boolean prefixSpace = json.find("add_prefix_space").map(JsonValue::bool).orElse(true);
        boolean words = json.find("use_regex").map(JsonValue::bool).orElse(true);
        return new ByteLevel(
                prefixSpace, words ? matching(json, ByteLevel.WORDS, SplitBehavior.ISOLATED, false) : null);
    }

    private static PreTokenizer digits(JsonValue json) {
        boolean individual = json.find("individual_digits").map(JsonValue::bool).orElse(false);
        return new Split(
                Split.codePoints(PreTokenizerReader::isNumber),
                individual ? SplitBehavior.ISOLATED : SplitBehavior.CONTIGUOUS,
                false);
    }

    private static PreTokenizer punctuation(JsonValue json) {
        SplitBehavior behavior = json.find("behavior").map(SplitBehavior::read).orElse(SplitBehavior.ISOLATED);
        return new Split(Split.codePoints(PreTokenizerReader::isPunctuation), behavior, false);
    }

    private static PreTokenizer metaspace(JsonValue json) {
        JsonValue replacement = json.get("replacement");
        if (replacement.string().codePointCount(0, replacement.string().length()) != 1) {
            throw replacement.notA("one character");
        }
        TextPattern mark = TextPattern.literal(json, replacement.string());
        boolean split = json.find("split").map(JsonValue::bool).orElse(true);
        return new Metaspace(
                replacement.string(),
                prepend(json),
                split ? new Split(mark::matches, SplitBehavior.MERGED_WITH_NEXT, false) : null);
    }

    /** {@code prepend_scheme}, or what older files say instead, {@code add_prefix_space}. */
    private static Prepend prepend(JsonValue json) {
        Optional<JsonValue> scheme = json.find("prepend_scheme");
        if (scheme.isEmpty()) {
            boolean prefix = json.find("add_prefix_space").map(JsonValue::bool).orElse(true);
            return prefix ? Prepend.ALWAYS : Prepend.NEVER;
        }
        return switch (scheme.get().string()) {
            case "always" -> Prepend.ALWAYS;
            case "first" -> Prepend.FIRST;
            case "never" -> Prepend.NEVER;
            default -> throw scheme.get().notA("\"always\", \"first\", \"never\"");
        };
    }

    private static PreTokenizer sequence(JsonValue json) {
        List<PreTokenizer> steps =
                json.elements().stream().map(PreTokenizerReader::read).toList();
        if (steps.size() > MAX_STEPS) {
            throw json.notA("at most " + MAX_STEPS + " components");
        }
        return (piece, out) -> {
            List<Piece> current = List.of(piece);
            for (PreTokenizer step : steps) {
                List<Piece> next = new ArrayList<>(current.size());
                for (Piece part : current) {
                    step.split(part, next);
                }
                current = next;
            }
            out.addAll(current);
        };
    }

    private static boolean isNumber(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    /** Unicode's punctuation, and the ASCII symbols that Unicode counts elsewhere ($ + < = > ^ ` | ~). */
    private static boolean isPunctuation(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> true;
            default -> codePoint > ' ' && codePoint < 0x7F && !Character.isLetterOrDigit(codePoint);
        };
    }
}
