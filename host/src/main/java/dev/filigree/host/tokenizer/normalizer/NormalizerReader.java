package dev.filigree.host.tokenizer.normalizer;

import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.pattern.TextPattern;
import dev.filigree.host.tokenizer.pattern.WhiteSpace;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Builds the {@link Normalizer} that a tokenizer.json describes. */
public final class NormalizerReader {
    private static final String ACCEPTED =
            "\"NFC\", \"NFD\", \"NFKC\", \"NFKD\", \"Lowercase\", \"Strip\", \"Prepend\", \"Replace\", \"Sequence\"";
    private static final int MAX_STEPS = 64;

    /** The longest compatibility decomposition (U+FDFA) has 18 characters. */
    private static final long MAX_GROWTH = 32;

    private static final int MAX_CONTENT_LENGTH = 64;

    private NormalizerReader() {}

    /**
     * Reads a component, a sequence with all its steps.
     *
     * @throws RuntimeException the file reader's, if the component's type or settings are not supported
     */
    public static Normalizer read(JsonValue json) {
        List<Normalizer> steps = new ArrayList<>();
        collect(json, steps);
        return text -> {
            long limit = 1024 + MAX_GROWTH * text.length();
            String current = text;
            for (Normalizer step : steps) {
                current = step.normalize(current);
                if (current.length() > limit) {
                    throw json.problem(json.path() + " makes " + current.length() + " characters out of "
                            + text.length() + "; accepted: at most " + limit);
                }
            }
            return current;
        };
    }

    /** Nested sequences become one list, so that the growth check covers them all. */
    private static void collect(JsonValue json, List<Normalizer> steps) {
        JsonValue type = json.get("type");
        if (type.string().equals("Sequence")) {
            json.get("normalizers").elements().forEach(step -> collect(step, steps));
        } else {
            steps.add(single(json, type));
        }
        if (steps.size() > MAX_STEPS) {
            throw json.notA("at most " + MAX_STEPS + " components");
        }
    }

    private static Normalizer single(JsonValue json, JsonValue type) {
        return switch (type.string()) {
            case "NFC" -> unicode(Form.NFC);
            case "NFD" -> unicode(Form.NFD);
            case "NFKC" -> unicode(Form.NFKC);
            case "NFKD" -> unicode(Form.NFKD);
            case "Lowercase" -> NormalizerReader::lowercase;
            case "Strip" -> strip(json);
            case "Prepend" -> prepend(content(json.get("prepend")));
            case "Replace" -> replace(json);
            default -> throw type.notA(ACCEPTED);
        };
    }

    private static Normalizer unicode(Form form) {
        return text -> UnicodeForm.normalize(text, form);
    }

    /** Code point by code point, because the original knows no context (a final sigma stays an ordinary one). */
    private static String lowercase(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> out.append(Character.toString(c).toLowerCase(Locale.ROOT)));
        return out.toString();
    }

    private static Normalizer strip(JsonValue json) {
        boolean left = json.find("strip_left").map(JsonValue::bool).orElse(true);
        boolean right = json.find("strip_right").map(JsonValue::bool).orElse(true);
        return text -> {
            int start = left ? WhiteSpace.skip(text, 0) : 0;
            int end = right ? WhiteSpace.skipBack(text, text.length()) : text.length();
            return start < end ? text.substring(start, end) : "";
        };
    }

    private static Normalizer prepend(String prefix) {
        return text -> text.isEmpty() ? text : prefix + text;
    }

    private static Normalizer replace(JsonValue json) {
        TextPattern pattern = TextPattern.read(json.get("pattern"));
        String content = content(json.get("content"));
        return text -> pattern.replaceAll(text, content);
    }

    /** Replacement texts are a character or two; the bound keeps a bad file from inflating a long prompt. */
    private static String content(JsonValue json) {
        String content = json.string();
        if (content.length() > MAX_CONTENT_LENGTH) {
            throw json.notA("a text of at most " + MAX_CONTENT_LENGTH + " characters");
        }
        return content;
    }
}
