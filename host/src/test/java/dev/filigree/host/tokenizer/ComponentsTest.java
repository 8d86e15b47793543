package dev.filigree.host.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Components that the sample files do not have, on vocabularies small enough to work out by hand. */
final class ComponentsTest {
    @TempDir
    Path directory;

    /** A model whose tokens are the pieces themselves, so that tokens show what normalizer and pre-tokenizer did. */
    private List<String> pieces(String components, String text, String... vocabulary) {
        StringBuilder words = new StringBuilder("'<unk>': 0");
        for (int i = 0; i < vocabulary.length; i++) {
            words.append(", '").append(vocabulary[i]).append("': ").append(i + 1);
        }
        Tokenizer tokenizer = TokenizerFiles.of(
                directory,
                "{" + components + ", 'model': {'type': 'WordLevel', 'unk_token': '<unk>', 'vocab': {" + words + "}}}");
        return Arrays.stream(tokenizer.encode(text, false))
                .mapToObj(id -> tokenizer.token(id).orElseThrow())
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "Removed, false, 'a b c'",
        "Isolated, false, 'a - b - - c'",
        "MergedWithPrevious, false, 'a- b- - c'",
        "MergedWithNext, false, 'a -b - -c'",
        "Contiguous, false, 'a - b -- c'",
        "Removed, true, '- - -'",
    })
    void theFiveSplitBehaviors(String behavior, boolean invert, String expected) {
        String split = "'pre_tokenizer': {'type': 'Split', 'pattern': {'String': '-'}, 'behavior': '" + behavior
                + "', 'invert': " + invert + "}";
        assertEquals(
                List.of(expected.split(" +")),
                pieces(split, "a-b--c", "a", "b", "c", "-", "--", "a-", "b-", "-b", "-c"));
    }

    @Test
    void digitsPunctuationAndWhitespaceSplits() {
        String[] words = {"ab", "12", "1", "2", "½", "$", "«", ",", "c"};
        assertEquals(List.of("ab", "12", "c"), pieces("'pre_tokenizer': {'type': 'Digits'}", "ab12c", words));
        assertEquals(
                List.of("1", "2", "½"),
                pieces("'pre_tokenizer': {'type': 'Digits', 'individual_digits': true}", "12½", words));
        assertEquals(
                List.of("ab", "$", "«", ",", "c"), pieces("'pre_tokenizer': {'type': 'Punctuation'}", "ab$«,c", words));
        assertEquals(List.of("ab", ",", "c"), pieces("'pre_tokenizer': {'type': 'Whitespace'}", "ab,  c", words));
    }

    @Test
    void normalizersInSequence() {
        String steps = "'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'Strip'}, {'type': 'NFKC'}, "
                + "{'type': 'Lowercase'}, {'type': 'Replace', 'pattern': {'Regex': 'b+'}, 'content': '_'}, "
                + "{'type': 'Prepend', 'prepend': '>'}]}";
        assertEquals(List.of(">a_fi_c"), pieces(steps, "\u00A0 ABBﬁBc \u3000", ">a_fi_c"));
    }

    @ParameterizedTest
    @CsvSource({"always, '▁a ▁b <s> ▁c'", "first, '▁a ▁b <s> c'", "never, 'a ▁b <s> c'"})
    void metaspacePrependSchemes(String scheme, String expected) {
        String components = "'pre_tokenizer': {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': '" + scheme
                + "'}, 'added_tokens': [{'id': 9, 'content': '<s>', 'special': true}]";
        assertEquals(List.of(expected.split(" ")), pieces(components, "a b<s>c", "▁a", "▁b", "▁c", "a", "c"));
    }

    @Test
    void metaspaceDecodingDropsTheMarkOfTheFirstToken() {
        Tokenizer tokenizer = TokenizerFiles.of(
                directory,
                "{'decoder': {'type': 'Metaspace', 'replacement': '▁'}, 'model': {'type': 'WordLevel', 'unk_token': 'u', "
                        + "'vocab': {'▁a': 0, '▁b': 1, 'c': 2}}}");
        assertEquals("a bc a", tokenizer.decode(new int[] {0, 1, 2, 0}, false));
    }

    @Test
    void stripTakesTheGivenNumberOffEachTokenAndOffAFusedStream() {
        String model = "'model': {'type': 'WordLevel', 'unk_token': 'u', 'vocab': {'--a-': 0, '-': 1, 'b--': 2}}}";
        String strip = "{'type': 'Strip', 'content': '-', 'start': 1, 'stop': 1}";
        int[] ids = {0, 1, 1, 2};
        assertEquals(
                "-ab-",
                TokenizerFiles.of(directory, "{'decoder': " + strip + ", " + model)
                        .decode(ids, true));
        String fused = "{'decoder': {'type': 'Sequence', 'decoders': [{'type': 'Fuse'}, " + strip + "]}, " + model;
        assertEquals("-a---b-", TokenizerFiles.of(directory, fused).decode(ids, true));
    }

    @Test
    void addedTokensStripAdjoinAndPreferTheLongest() {
        String added =
                "'added_tokens': [{'id': 10, 'content': '<x>', 'lstrip': true, 'rstrip': true, 'special': true}, "
                        + "{'id': 11, 'content': '<x>y', 'special': true}, "
                        + "{'id': 12, 'content': 'one', 'single_word': true, 'special': true}]";
        assertEquals(List.of("a", "<x>", "b"), pieces(added, "a  <x> \nb", "a", "b"));
        assertEquals(List.of("a", "<x>y", "b"), pieces(added, "a<x>yb", "a", "b"));
        assertEquals(List.of("one", "(", "one", "<unk>"), pieces(added, "one(one bone", "("));
    }

    @Test
    void anAddedTokenMayBeLookedForInNormalizedText() {
        String components = "'normalizer': {'type': 'Lowercase'}, 'added_tokens': ["
                + "{'id': 10, 'content': 'Tok', 'normalized': true, 'special': false}]";
        assertEquals(List.of("a", "Tok", "b"), pieces(components, "ATOKb", "a", "b"));
    }

    @Test
    void unknownCharactersAreFusedOrNot() {
        String model =
                "'model': {'type': 'BPE', 'vocab': {'?': 0, 'a': 1}, 'merges': [], 'unk_token': '?', 'fuse_unk': ";
        assertArrayEquals(new int[] {1, 0, 1, 0}, encode("{" + model + "true}}", "axya🙂"));
        assertArrayEquals(new int[] {1, 0, 0, 1, 0}, encode("{" + model + "false}}", "axya🙂"));
        String none = "{'model': {'type': 'BPE', 'vocab': {'a': 1}, 'merges': []}}";
        assertArrayEquals(new int[] {1, 1}, encode(none, "axya"));
    }

    @Test
    void mergesGoByRankThenFromTheLeft() {
        String json = "{'model': {'type': 'BPE', 'vocab': {'a': 0, 'b': 1, 'ab': 2, 'aa': 3, 'aab': 4, 'ba': 5}, "
                + "'merges': ['a b', 'a a', 'a ab', 'b a']}}";
        assertArrayEquals(new int[] {4}, encode(json, "aab"));
        assertArrayEquals(new int[] {3, 0}, encode(json, "aaa"));
        assertArrayEquals(new int[] {3, 4, 5}, encode(json, "aaaabba"));
    }

    @Test
    void tokensAreFoundByIdAndByContent() {
        Tokenizer tokenizer = TokenizerFiles.sample("byte-vocabulary");
        assertEquals(264, tokenizer.vocabSize());
        assertEquals(OptionalInt.of(256), tokenizer.id("<bos>"));
        assertEquals(OptionalInt.empty(), tokenizer.id("<nothing>"));
        assertTrue(tokenizer.isSpecial(257));
        assertFalse(tokenizer.isSpecial('a'));
        assertFalse(tokenizer.isSpecial(-1));
        assertTrue(tokenizer.token(264).isEmpty());
        assertArrayEquals(new int[] {256, 'h', 'i', ' ', 0xC3, 0xA9}, tokenizer.encode("hi é", true));
        assertEquals("hi é", tokenizer.decode(new int[] {256, 'h', 'i', ' ', 0xC3, 0xA9, 999, -1}, true));
    }

    private int[] encode(String json, String text) {
        return TokenizerFiles.of(directory, json).encode(text, false);
    }
}
