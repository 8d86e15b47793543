package dev.filigree.host.tokenizer.decoder;

import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.pattern.TextPattern;
import java.util.List;
import java.util.Optional;

/** Builds the {@link DecoderChain} that a tokenizer.json describes. */
public final class DecoderReader {
    private static final String ACCEPTED = "\"ByteFallback\", \"ByteLevel\", \"Fuse\", \"Metaspace\", \"Replace\", "
            + "\"Sequence\", \"Strip\", or no decoder";
    private static final int MAX_STEPS = 64;
    private static final int MAX_STRIPPED = 1024;
    private static final int MAX_CONTENT_LENGTH = 64;

    private DecoderReader() {}

    /**
     * Reads one component; none means that tokens stand with a space between them.
     *
     * @throws RuntimeException the file reader's, if the component's type or settings are not supported
     */
    public static DecoderChain read(Optional<JsonValue> json) {
        return json.map(DecoderReader::read).orElse(SpacedStep::new);
    }

    private static DecoderChain read(JsonValue json) {
        JsonValue type = json.get("type");
        return switch (type.string()) {
            case "ByteFallback" -> ByteFallbackStep::new;
            case "ByteLevel" -> ByteLevelStep::new;
            case "Fuse" -> FuseStep::new;
            case "Metaspace" -> metaspace(json);
            case "Replace" -> replace(json);
            case "Sequence" -> sequence(json.get("decoders"));
            case "Strip" -> strip(json);
            default -> throw type.notA(ACCEPTED);
        };
    }

    private static DecoderChain replace(JsonValue json) {
        TextPattern pattern = TextPattern.read(json.get("pattern"));
        String content = json.get("content").string();
        if (content.length() > MAX_CONTENT_LENGTH) {
            throw json.get("content").notA("a text of at most " + MAX_CONTENT_LENGTH + " characters");
        }
        return next -> new ReplaceStep(next, pattern, content);
    }

    private static DecoderChain strip(JsonValue json) {
        char content = character(json.get("content"));
        int start = json.get("start").integer(0, MAX_STRIPPED);
        int stop = json.get("stop").integer(0, MAX_STRIPPED);
        return next -> new StripStep(next, content, start, stop);
    }

    private static DecoderChain metaspace(JsonValue json) {
        String replacement = String.valueOf(character(json.get("replacement")));
        boolean dropFirst = json.find("prepend_scheme")
                .map(scheme -> !scheme.string().equals("never"))
                .or(() -> json.find("add_prefix_space").map(JsonValue::bool))
                .orElse(true);
        return next -> new MetaspaceStep(next, replacement, dropFirst);
    }

    private static DecoderChain sequence(JsonValue json) {
        List<DecoderChain> steps =
                json.elements().stream().map(DecoderReader::read).toList();
        if (steps.size() > MAX_STEPS) {
            throw json.notA("at most " + MAX_STEPS + " components");
        }
        return sink -> {
            DecodeStep first = sink;
            for (DecoderChain step : steps.reversed()) {
                first = step.open(first);
            }
            return first;
        };
    }

    private static char character(JsonValue json) {
        if (json.string().length() != 1) {
            throw json.notA("one character");
        }
        return json.string().charAt(0);
    }
}
