package dev.filigree.host.tokenizer.model;

import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.bytes.ByteToken;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Byte-pair encoding (Sennrich et al. 2016, section 3.2): starts from characters and joins neighbours by rule. */
final class BpeModel implements TokenModel {
    private static final int NONE = -1;

    private final Vocabulary vocabulary;
    private final BpeMerges merges;
    private final LongMap characterIds;
    private final int[] byteIds;
    private final int unknownId;
    private final boolean fuseUnknown;
    private final boolean wholePiecesFirst;

    private BpeModel(JsonValue json, Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
        merges = BpeMerges.read(json.get("merges"), vocabulary);
        characterIds = characterIds(vocabulary);
        byteIds = flag(json, "byte_fallback") ? byteIds(vocabulary) : new int[0];
        unknownId = json.find("unk_token")
                .map(token -> unknownId(token, vocabulary))
                .orElse(NONE);
        fuseUnknown = flag(json, "fuse_unk");
        wholePiecesFirst = flag(json, "ignore_merges");
    }

    static BpeModel read(JsonValue json) {
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            Optional<JsonValue> value = json.find(affix);
            if (value.isPresent() && !value.get().string().isEmpty()) {
                throw value.get().notA("null or \"\"");
            }
        }
        // dropout is a training device: with it the same text has many encodings
        json.find("dropout").ifPresent(dropout -> {
            if (dropout.number(0, 1) != 0) {
                throw dropout.notA("null or 0");
            }
        });
        return new BpeModel(json, Vocabulary.read(json.get("vocab")));
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public Encoder encoder() {
        BpeWord word = new BpeWord();
        return (piece, out) -> encode(piece, word, out);
    }

    private void encode(String piece, BpeWord word, IdList out) {
        int whole = wholePiecesFirst ? vocabulary.id(piece) : NONE;
        if (whole >= 0) {
            out.add(whole);
            return;
        }
        word.clear();
        addSymbols(piece, word);
        word.merge(merges);
        word.copyTo(out);
    }

    private void addSymbols(String piece, BpeWord word) {
        boolean unknownBefore = false;
        for (int i = 0; i < piece.length(); ) {
            int codePoint = piece.codePointAt(i);
            i += Character.charCount(codePoint);
            int id = (int) characterIds.get(codePoint);
            boolean unknown = id < 0 && !addBytes(codePoint, word);
            if (id >= 0) {
                word.add(id);
            } else if (unknown && unknownId >= 0 && !(fuseUnknown && unknownBefore)) {
                word.add(unknownId);
            }
            unknownBefore = unknown;
        }
    }

    /** Adds the byte tokens of a character; false, with nothing added, if the vocabulary lacks one of them. */
    private boolean addBytes(int codePoint, BpeWord word) {
        if (byteIds.length == 0) {
            return false;
        }
        byte[] bytes = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
        for (byte b : bytes) {
            if (byteIds[b & 0xFF] < 0) {
                return false;
            }
        }
        for (byte b : bytes) {
            word.add(byteIds[b & 0xFF]);
        }
        return true;
    }

    private static boolean flag(JsonValue json, String key) {
        return json.find(key).map(JsonValue::bool).orElse(false);
    }

    private static int unknownId(JsonValue token, Vocabulary vocabulary) {
        int id = vocabulary.id(token.string());
        if (id < 0) {
            throw token.notA("a token of model.vocab, or null");
        }
        return id;
    }

    private static int[] byteIds(Vocabulary vocabulary) {
        int[] ids = new int[256];
        for (int b = 0; b < ids.length; b++) {
            ids[b] = vocabulary.id(ByteToken.of(b));
        }
        return ids;
    }

    private static LongMap characterIds(Vocabulary vocabulary) {
        LongMap ids = new LongMap(vocabulary.ids().size());
        vocabulary.ids().forEach((token, id) -> {
            if (!token.isEmpty() && token.codePointCount(0, token.length()) == 1) {
                ids.put(token.codePointAt(0), id);
            }
        });
        return ids;
    }
}
