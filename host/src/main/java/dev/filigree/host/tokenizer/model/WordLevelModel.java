package dev.filigree.host.tokenizer.model;

import dev.filigree.host.json.JsonValue;
import dev.filigree.host.json.Quote;

/** One token per piece: its own if the vocabulary has it, else the unknown token. */
final class WordLevelModel implements TokenModel {
    private final Vocabulary vocabulary;
    private final JsonValue unknownToken;
    private final int unknownId;

    private WordLevelModel(Vocabulary vocabulary, JsonValue unknownToken) {
        this.vocabulary = vocabulary;
        this.unknownToken = unknownToken;
        unknownId = vocabulary.id(unknownToken.string());
    }

    static WordLevelModel read(JsonValue json) {
        return new WordLevelModel(Vocabulary.read(json.get("vocab")), json.get("unk_token"));
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public Encoder encoder() {
        return (piece, out) -> {
            int id = vocabulary.id(piece);
            if (id < 0 && unknownId < 0) {
                throw unknownToken.problem("the text holds \"" + Quote.name(piece) + "\" and " + unknownToken.path()
                        + " is not in model.vocab; accepted: texts made of its words");
            }
            out.add(id >= 0 ? id : unknownId);
        };
    }
}
