package dev.filigree.host.tokenizer.model;

import dev.filigree.host.json.JsonValue;
import java.util.Optional;

/** Builds the {@link TokenModel} that a tokenizer.json describes. */
public final class TokenModelReader {
    private TokenModelReader() {}

    /**
     * Reads {@code model}.
     *
     * @throws RuntimeException the file reader's, if the model's type or settings are not supported
     */
    public static TokenModel read(JsonValue json) {
        Optional<JsonValue> type = json.find("type");
        // files written before the models carried their type are BPE if they have merges
        String name = type.map(JsonValue::string).orElse(json.find("merges").isPresent() ? "BPE" : "WordLevel");
        return switch (name) {
            case "BPE" -> BpeModel.read(json);
            case "WordLevel" -> WordLevelModel.read(json);
            default -> throw json.get("type").notA("\"BPE\", \"WordLevel\"");
        };
    }
}
