package dev.filigree.host.tokenizer;

import dev.filigree.host.tokenizer.decoder.DecoderChain;
import dev.filigree.host.tokenizer.model.IdList;
import dev.filigree.host.tokenizer.model.TokenModel;
import dev.filigree.host.tokenizer.normalizer.Normalizer;
import dev.filigree.host.tokenizer.pretokenizer.Piece;
import dev.filigree.host.tokenizer.pretokenizer.PreTokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Text to token ids and back, as the {@code tokenizer.json} of a checkpoint describes it. Immutable; any number of threads
 * may use one at the same time.
 *
 * <p>Padding and truncation settings of the file have no effect: a prompt is neither filled up nor cut.
 */
public final class Tokenizer {
    /**
     * The steps of encoding and decoding.
     *
     * @param verbatim finds added tokens in the text as given
     * @param normalizer rewrites what is between them
     * @param normalized finds added tokens in the rewritten text
     */
    record Steps(
            AddedTokenFinder verbatim,
            Normalizer normalizer,
            AddedTokenFinder normalized,
            PreTokenizer preTokenizer,
            TokenModel model,
            SpecialTokenTemplate template,
            DecoderChain decoder) {}

    private final Steps steps;
    private final TokenTable tokens;

    Tokenizer(Steps steps, TokenTable tokens) {
        this.steps = steps;
        this.tokens = tokens;
    }

    /**
     * Reads a tokenizer.
     *
     * @param path a {@code tokenizer.json}, or the folder it is in; at most 256 MiB
     * @throws TokenizerException if the file is missing, malformed or asks for a component that is not supported; the
     *     sentence names the file, the place in it, the actual and the accepted values
     */
    public static Tokenizer read(Path path) {
        return TokenizerReader.read(path);
    }

    /**
     * Encodes {@code text}.
     *
     * @param addSpecialTokens whether the tokens of the file's template, such as a begin-of-text token, are added; special
     *     tokens written out in {@code text} become their ids either way
     * @return token ids, below {@link #vocabSize()}
     * @throws TokenizerException if the text holds an unpaired surrogate, or if an expression of the file takes more than a
     *     thousand steps per character on it
     */
    public int[] encode(String text, boolean addSpecialTokens) {
        requireWellFormed(text);
        IdList ids = new IdList();
        if (addSpecialTokens) {
            steps.template().before().forEach(ids::add);
        }
        TokenModel.Encoder encoder = steps.model().encoder();
        steps.verbatim().split(text, new AddedTokenFinder.Sink() {
            @Override
            public void text(int start, int end) {
                encodeVerbatim(new Piece(text.substring(start, end), start == 0), encoder, ids);
            }

            @Override
            public void token(int id) {
                ids.add(id);
            }
        });
        if (addSpecialTokens) {
            steps.template().after().forEach(ids::add);
        }
        return ids.toArray();
    }

    /**
     * Decodes {@code ids}. Malformed UTF-8 comes out as U+FFFD; ids without a token, which models with a padded vocabulary
     * can produce, come out as nothing.
     *
     * @param skipSpecialTokens whether special tokens are left out
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        StreamingDecoder decoder = streamingDecoder(skipSpecialTokens);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(decoder.add(id));
        }
        return text.append(decoder.finish()).toString();
    }

    /** A decoder that takes one id at a time, for one thread and one stream. */
    public StreamingDecoder streamingDecoder(boolean skipSpecialTokens) {
        return new StreamingDecoder(tokens, steps.decoder(), skipSpecialTokens);
    }

    /** The token with {@code id} as the vocabulary spells it, empty if there is none. */
    public Optional<String> token(int id) {
        return tokens.token(id);
    }

    /** The id of the token spelled {@code token}. */
    public OptionalInt id(String token) {
        return tokens.id(token);
    }

    /** Whether decoding may leave the token out. */
    public boolean isSpecial(int id) {
        return tokens.isSpecial(id);
    }

    /** The largest id plus one; a model's vocabulary may be larger. */
    public int vocabSize() {
        return tokens.size();
    }

    private void encodeVerbatim(Piece piece, TokenModel.Encoder encoder, IdList ids) {
        String text = steps.normalizer().normalize(piece.text());
        steps.normalized().split(text, new AddedTokenFinder.Sink() {
            @Override
            public void text(int start, int end) {
                encodePlain(new Piece(text.substring(start, end), piece.first() && start == 0), encoder, ids);
            }

            @Override
            public void token(int id) {
                ids.add(id);
            }
        });
    }

    private void encodePlain(Piece piece, TokenModel.Encoder encoder, IdList ids) {
        List<Piece> pieces = new ArrayList<>();
        steps.preTokenizer().split(piece, pieces);
        for (Piece part : pieces) {
            encoder.encode(part.text(), ids);
        }
    }

    private static void requireWellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (!Character.isSupplementaryCodePoint(text.codePointAt(i))) {
                throw new TokenizerException(String.format(
                        "the text has an unpaired surrogate U+%04X at index %d; accepted: well-formed UTF-16",
                        (int) text.charAt(i), i));
            }
            i++;
        }
    }
}
