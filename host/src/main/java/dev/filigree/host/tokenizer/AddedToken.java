package dev.filigree.host.tokenizer;

import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.model.Vocabulary;

/**
 * A token that is looked for in the text before the model sees it.
 *
 * @param id its id, also where the model's vocabulary has the same token
 * @param content the text it stands for, not empty
 * @param singleWord whether it counts only where no letter, digit or underscore adjoins
 * @param leftStrip whether it takes the white space before it along
 * @param rightStrip whether it takes the white space after it along
 * @param normalized whether it is looked for after the normalizer, in its own normalized form
 * @param special whether decoding may leave it out
 */
record AddedToken(
        int id,
        String content,
        boolean singleWord,
        boolean leftStrip,
        boolean rightStrip,
        boolean normalized,
        boolean special) {
    private static final int MAX_LENGTH = 1024;

    static AddedToken read(JsonValue json) {
        JsonValue content = json.get("content");
        if (content.string().isEmpty() || content.string().length() > MAX_LENGTH) {
            throw content.notA("a text of 1 to " + MAX_LENGTH + " characters");
        }
        boolean special = flag(json, "special", false);
        return new AddedToken(
                json.get("id").integer(0, Vocabulary.MAX_ID),
                content.string(),
                flag(json, "single_word", false),
                flag(json, "lstrip", false),
                flag(json, "rstrip", false),
                flag(json, "normalized", !special),
                special);
    }

    private static boolean flag(JsonValue json, String key, boolean absent) {
        return json.find(key).map(JsonValue::bool).orElse(absent);
    }
}
