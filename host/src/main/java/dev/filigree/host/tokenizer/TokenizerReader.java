package dev.filigree.host.tokenizer;

import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.decoder.DecoderReader;
import dev.filigree.host.tokenizer.model.TokenModel;
import dev.filigree.host.tokenizer.model.TokenModelReader;
import dev.filigree.host.tokenizer.normalizer.Normalizer;
import dev.filigree.host.tokenizer.normalizer.NormalizerReader;
import dev.filigree.host.tokenizer.pretokenizer.PreTokenizer;
import dev.filigree.host.tokenizer.pretokenizer.PreTokenizerReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Puts a {@link Tokenizer} together from the components of a tokenizer.json. */
final class TokenizerReader {
    private static final long MAX_BYTES = 256L << 20;

    private TokenizerReader() {}

    static Tokenizer read(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve("tokenizer.json") : path;
        JsonValue json = JsonFile.read(file, MAX_BYTES, TokenizerException::new);
        TokenModel model = TokenModelReader.read(json.get("model"));
        Normalizer normalizer =
                json.find("normalizer").map(NormalizerReader::read).orElse(text -> text);
        PreTokenizer preTokenizer =
                json.find("pre_tokenizer").map(PreTokenizerReader::read).orElse((piece, out) -> out.add(piece));
        List<AddedToken> added = json.find("added_tokens").map(JsonValue::elements).orElse(List.of()).stream()
                .map(AddedToken::read)
                .toList();
        Tokenizer.Steps steps = new Tokenizer.Steps(
                finder(added, false, text -> text),
                normalizer,
                finder(added, true, normalizer),
                preTokenizer,
                model,
                SpecialTokenTemplate.read(json.find("post_processor")),
                DecoderReader.read(json.find("decoder")));
        return new Tokenizer(steps, new TokenTable(json, model.vocabulary(), added));
    }

    private static AddedTokenFinder finder(List<AddedToken> added, boolean normalized, Normalizer normalizer) {
        AddedTokenFinder finder = new AddedTokenFinder();
        for (AddedToken token : added) {
            if (token.normalized() == normalized) {
                finder.add(normalizer.normalize(token.content()), token);
            }
        }
        return finder;
    }
}
