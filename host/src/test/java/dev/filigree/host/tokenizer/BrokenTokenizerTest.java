package dev.filigree.host.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that cannot be used say so in one sentence, with the place, the actual and the accepted values. */
final class BrokenTokenizerTest {
    private static final String WORDS = "'model': {'type': 'WordLevel', 'vocab': {'a': 0}, 'unk_token': 'a'}";

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`{'model': {'type': 'Unigram', 'vocab': []}}` | model.type is \"Unigram\"; accepted: \"BPE\", \"WordLevel\"",
                "`{WORDS, 'normalizer': {'type': 'Precompiled'}}` | normalizer.type is \"Precompiled\"; accepted: \"NFC\"",
                "`{WORDS, 'pre_tokenizer': {'type': 'UnicodeScripts'}}` | pre_tokenizer.type is \"UnicodeScripts\"; accepted:",
                "`{WORDS, 'decoder': {'type': 'CTC'}}` | decoder.type is \"CTC\"; accepted: \"ByteFallback\"",
                "`{WORDS, 'post_processor': {'type': 'BertProcessing'}}` | post_processor.type is \"BertProcessing\"; accepted:",
                "`{WORDS, 'added_tokens': [{'id': -1, 'content': 'x'}]}` | added_tokens[0].id is -1; accepted: a whole number",
                "`{WORDS, 'added_tokens': [{'id': 5, 'content': 'a'}]}` | added token 5 clashes with its other id 0; accepted:",
                "`{WORDS, 'added_tokens': [{'id': 0, 'content': 'b'}]}` | added token 0 clashes with the token that has this id",
                "`{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': ['a b']}}` | model.merges[0] is \"a b\"; accepted:",
                "`{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': [['a']]}}` | model.merges[0] is an array of 1;",
                "`{'model': {'type': 'BPE', 'vocab': {'a': 0, 'b': 0}, 'merges': []}}` | model.vocab.b is 0; accepted: an id",
                "`{'model': {'type': 'BPE', 'vocab': {'a': 1e9}, 'merges': []}}` | model.vocab.a is 1.0E9; accepted:",
                "`{'model': {'type': 'BPE', 'vocab': {}, 'merges': [], 'dropout': 0.1}}` | model.dropout is 0.1; accepted: null",
                "`{'model': 3}` | model is 3; accepted: an object",
                "`{}` | model is missing",
                "`{'model': {}, 'model': {}}` | is not a JSON document: Duplicate field",
                "`{` | is not a JSON document",
                "`` | is empty",
            })
    void theSentenceNamesPlaceActualAndAccepted(String json, String expected) throws IOException {
        Path file = directory.resolve("tokenizer.json");
        Files.writeString(file, json == null ? "" : json.replace("WORDS", WORDS).replace('\'', '"'));
        String message = assertThrows(TokenizerException.class, () -> Tokenizer.read(directory))
                .getMessage();
        assertTrue(message.startsWith(file.toString()), message);
        assertTrue(message.contains(expected), message);
        assertTrue(message.contains("accepted: "), message);
        assertFalse(message.contains("\n"), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a|b)*",
                "(?:a)+",
                "(a){2}",
                "(?<=a)b",
                "(?<name>a)",
                "\\\\G",
                "\\\\1",
                "a)",
                "(a",
                "[a",
                "[[:alpha:]]",
                "((((((((((((((((((((((((((((((((((x))))))))))))))))))))))))))))))))))",
                "*a",
                "\\\\p{Nonsense}"
            })
    void anExpressionThatCouldMeanSomethingElseIsRefused(String regex) {
        String json =
                "{" + WORDS + ", 'pre_tokenizer': {'type': 'Split', 'behavior': 'Isolated', 'pattern': {'Regex': '"
                        + regex + "'}}}";
        String message = assertThrows(TokenizerException.class, () -> TokenizerFiles.of(directory, json))
                .getMessage();
        assertTrue(message.contains("pre_tokenizer.pattern.Regex "), message);
    }

    @Test
    void anExpressionThatBacktracksForeverIsStopped() {
        String json = "{" + WORDS + ", 'pre_tokenizer': {'type': 'Split', 'behavior': 'Isolated', 'pattern': {'Regex': "
                + "'a*a*a*a*a*a*b'}}}";
        Tokenizer tokenizer = TokenizerFiles.of(directory, json);
        assertTrue(assertThrows(TokenizerException.class, () -> tokenizer.encode("a".repeat(100_000), false))
                .getMessage()
                .contains("too many steps"));
    }

    @Test
    void anUnpairedSurrogateIsRefusedWithItsPlace() {
        Tokenizer tokenizer = TokenizerFiles.sample("llama3-bpe");
        for (String text : new String[] {"ab\uD83D", "ab\uDE42c", "ab\uD83Dc"}) {
            assertTrue(assertThrows(TokenizerException.class, () -> tokenizer.encode(text, true))
                    .getMessage()
                    .contains("at index 2; accepted: well-formed UTF-16"));
        }
    }

    @Test
    void aMissingFileAndAFileThatIsNotTextAreRefused() throws IOException {
        assertEquals(
                directory.resolve("tokenizer.json") + " does not exist; accepted: a readable JSON file",
                assertThrows(TokenizerException.class, () -> Tokenizer.read(directory))
                        .getMessage());
        Files.write(directory.resolve("tokenizer.json"), new byte[] {'"', (byte) 0xFF, '"'});
        assertTrue(assertThrows(TokenizerException.class, () -> Tokenizer.read(directory))
                .getMessage()
                .contains("not UTF-8"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama2-bpe", "llama3-bpe", "wordlevel", "byte-vocabulary"})
    void aDamagedFileIsReadOrRefused(String name) throws IOException {
        byte[] good = Files.readAllBytes(TokenizerFiles.folder(name).resolve("tokenizer.json"));
        Path file = directory.resolve("tokenizer.json");
        Random random = new Random(5);
        int refused = 0;
        for (int run = 0; run < 150; run++) {
            byte[] bad = run % 3 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
            for (int flip = 0; run % 3 != 0 && flip < run; flip++) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(0x20, 0x7F);
            }
            Files.write(file, bad);
            refused += refuses(file, "text 12 数据 <0x41>") ? 1 : 0;
        }
        assertTrue(refused > 50, "refused " + refused);
    }

    private static boolean refuses(Path file, String text) {
        try {
            Tokenizer tokenizer = Tokenizer.read(file);
            tokenizer.decode(tokenizer.encode(text, true), true);
            return false;
        } catch (TokenizerException e) {
            assertTrue(e.getMessage().contains("accepted: "), e.getMessage());
            return true;
        }
    }
}
