package dev.filigree.host.tokenizer.model;

import dev.filigree.host.json.JsonValue;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** Tokens and their ids; each id belongs to one token and each token to one id, ids may have gaps. */
public final class Vocabulary {
    /** The largest accepted id; checkpoints have up to some 300 thousand tokens. */
    public static final int MAX_ID = (1 << 22) - 1;

    private final Map<String, Integer> ids;

    private Vocabulary(Map<String, Integer> ids) {
        this.ids = ids;
    }

    /**
     * Reads {@code {"token": id, ...}}.
     *
     * @throws RuntimeException the file reader's, if an id is no whole number from 0 to {@link #MAX_ID} or stands twice
     */
    public static Vocabulary read(JsonValue json) {
        Map<String, JsonValue> members = json.members();
        Map<String, Integer> ids = HashMap.newHashMap(members.size());
        Map<Integer, String> taken = HashMap.newHashMap(members.size());
        members.forEach((token, value) -> {
            int id = value.integer(0, MAX_ID);
            if (taken.putIfAbsent(id, token) != null) {
                throw value.notA("an id that no other token has");
            }
            ids.put(token, id);
        });
        return new Vocabulary(ids);
    }

    /** The id of {@code token}, or -1. */
    public int id(String token) {
        Integer id = ids.get(token);
        return id == null ? -1 : id;
    }

    /** All tokens with their ids, in no order; unmodifiable. */
    public Map<String, Integer> ids() {
        return Collections.unmodifiableMap(ids);
    }
}
