package dev.filigree.host.tokenizer.model;

import dev.filigree.host.json.JsonValue;
import java.util.List;

/** The merge rules of a BPE model: which pairs of neighbours join, in which order of preference, into what. */
final class BpeMerges {
    private final LongMap rules;

    private BpeMerges(LongMap rules) {
        this.rules = rules;
    }

    /**
     * Reads {@code ["a b", ...]} or {@code [["a", "b"], ...]}; earlier rules go first, and of a pair that stands
     * twice the later one counts.
     *
     * @throws RuntimeException the file reader's, if a part or the joined token is not in the vocabulary
     */
    static BpeMerges read(JsonValue json, Vocabulary vocabulary) {
        List<JsonValue> elements = json.elements();
        LongMap rules = new LongMap(elements.size());
        for (int rank = 0; rank < elements.size(); rank++) {
            JsonValue rule = elements.get(rank);
            String[] pair = pair(rule);
            long left = id(rule, pair[0], vocabulary);
            long right = id(rule, pair[1], vocabulary);
            long joined = id(rule, pair[0] + pair[1], vocabulary);
            rules.put(left << 32 | right, (long) rank << 32 | joined);
        }
        return new BpeMerges(rules);
    }

    /** The rule for two neighbours as {@code rank << 32 | joined id}, or -1. */
    long rule(int left, int right) {
        return rules.get((long) left << 32 | right);
    }

    private static String[] pair(JsonValue rule) {
        if (rule.isText()) {
            String text = rule.string();
            int space = text.indexOf(' ');
            if (space <= 0 || space == text.length() - 1 || text.indexOf(' ', space + 1) >= 0) {
                throw rule.notA("two tokens with one space between them");
            }
            return new String[] {text.substring(0, space), text.substring(space + 1)};
        }
        List<JsonValue> parts = rule.elements();
        if (parts.size() != 2) {
            throw rule.notA("an array of two tokens");
        }
        return new String[] {parts.get(0).string(), parts.get(1).string()};
    }

    private static int id(JsonValue rule, String token, Vocabulary vocabulary) {
        int id = vocabulary.id(token);
        if (id < 0) {
            throw rule.notA("a pair whose parts and join are in model.vocab");
        }
        return id;
    }
}
