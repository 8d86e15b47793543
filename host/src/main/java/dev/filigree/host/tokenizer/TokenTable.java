package dev.filigree.host.tokenizer;

import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.model.Vocabulary;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** All tokens, the model's and the added ones, by id and by content. */
final class TokenTable {
    private final @Nullable String[] tokens;
    private final BitSet special = new BitSet();
    private final Map<String, Integer> addedIds = new HashMap<>();
    private final Vocabulary vocabulary;

    TokenTable(JsonValue json, Vocabulary vocabulary, List<AddedToken> added) {
        this.vocabulary = vocabulary;
        int largest = Math.max(
                vocabulary.ids().values().stream().mapToInt(id -> id).max().orElse(-1),
                added.stream().mapToInt(AddedToken::id).max().orElse(-1));
        tokens = new @Nullable String[largest + 1];
        vocabulary.ids().forEach((token, id) -> tokens[id] = token);
        for (AddedToken token : added) {
            String there = tokens[token.id()];
            int known = id(token.content()).orElse(token.id());
            if ((there != null && !there.equals(token.content())) || known != token.id()) {
                throw json.problem("added token " + token.id() + " clashes with "
                        + (known != token.id() ? "its other id " + known : "the token that has this id")
                        + "; accepted: one id for each token");
            }
            tokens[token.id()] = token.content();
            addedIds.put(token.content(), token.id());
            special.set(token.id(), token.special());
        }
    }

    int size() {
        return tokens.length;
    }

    /** The token with {@code id}, empty if there is none. */
    Optional<String> token(int id) {
        return id >= 0 && id < tokens.length ? Optional.ofNullable(tokens[id]) : Optional.empty();
    }

    OptionalInt id(String token) {
        int id = addedIds.getOrDefault(token, vocabulary.id(token));
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    boolean isSpecial(int id) {
        return id >= 0 && special.get(id);
    }
}
