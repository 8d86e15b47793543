package dev.filigree.host.tokenizer;

import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.model.Vocabulary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The tokens that go before and after a text when special tokens are asked for: {@code post_processor}.
 *
 * @param before ids in front of the text
 * @param after ids behind the text
 */
record SpecialTokenTemplate(List<Integer> before, List<Integer> after) {
    private static final String ACCEPTED = "\"ByteLevel\", \"Sequence\", \"TemplateProcessing\", or no post_processor";
    private static final int MAX_IDS = 1024;

    static SpecialTokenTemplate read(Optional<JsonValue> json) {
        SpecialTokenTemplate template = new SpecialTokenTemplate(new ArrayList<>(), new ArrayList<>());
        json.ifPresent(template::collect);
        return template;
    }

    private void collect(JsonValue json) {
        JsonValue type = json.get("type");
        switch (type.string()) {
            case "ByteLevel" -> {
                // moves offsets only, and there are none here
            }
            case "Sequence" -> json.get("processors").elements().forEach(this::collect);
            case "TemplateProcessing" -> template(json);
            default -> throw type.notA(ACCEPTED);
        }
    }

    private void template(JsonValue json) {
        List<Integer> front = new ArrayList<>();
        List<Integer> back = new ArrayList<>();
        int sequences = 0;
        for (JsonValue part : json.get("single").elements()) {
            Optional<JsonValue> special = part.find("SpecialToken");
            if (special.isPresent()) {
                (sequences == 0 ? front : back).addAll(ids(json, special.get().get("id")));
            } else {
                part.get("Sequence");
                sequences++;
            }
        }
        if (sequences != 1) {
            throw json.get("single").notA("a template with the sequence once");
        }
        before.addAll(0, front);
        after.addAll(back);
        if (before.size() + after.size() > MAX_IDS) {
            throw json.get("single").notA("a template of at most " + MAX_IDS + " ids");
        }
    }

    private static List<Integer> ids(JsonValue json, JsonValue name) {
        JsonValue entry = json.get("special_tokens")
                .find(name.string())
                .orElseThrow(() -> name.notA("a key of " + "special_tokens"));
        return entry.get("ids").elements().stream()
                .map(id -> id.integer(0, Vocabulary.MAX_ID))
                .toList();
    }
}
