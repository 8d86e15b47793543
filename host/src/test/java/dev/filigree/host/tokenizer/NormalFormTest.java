package dev.filigree.host.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Long runs of combining marks take another way through normalization; the result must be the library's. */
final class NormalFormTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"NFC", "NFD", "NFKC", "NFKD"})
    void longRunsOfMarksAreNormalizedAsTheStandardSays(String form) {
        Tokenizer tokenizer = TokenizerFiles.of(
                directory,
                "{'normalizer': {'type': '" + form + "'}, 'pre_tokenizer': {'type': 'ByteLevel', 'use_regex': false, "
                        + "'add_prefix_space': false}, 'decoder': {'type': 'ByteLevel'}, " + byteModel());
        Random random = new Random(3);
        for (int run = 0; run < 200; run++) {
            String text = marks(random, 1 + random.nextInt(600));
            String expected = Normalizer.normalize(text, Normalizer.Form.valueOf(form));
            assertEquals(expected, tokenizer.decode(tokenizer.encode(text, false), false));
        }
    }

    @Test
    void theMarksOfTheTestCoverManyClasses() {
        long distinct = marks(new Random(3), 5000).codePoints().distinct().count();
        assertTrue(distinct > 100, () -> "distinct " + distinct);
    }

    /** Letters now and then, among marks of all classes, of class 0 too, and marks that decompose into several. */
    private static String marks(Random random, int length) {
        int[] ranges = {0x300, 0x370, 0x591, 0x5C8, 0x610, 0x660, 0xF71, 0xF85, 0x1DC0, 0x1E00, 0x3099, 0x309B};
        StringBuilder text = new StringBuilder("a");
        for (int i = 0; i < length; i++) {
            int range = 2 * random.nextInt(ranges.length / 2);
            boolean letter = random.nextInt(400) == 0;
            text.appendCodePoint(letter ? 'é' : random.nextInt(ranges[range], ranges[range + 1]));
        }
        return text.toString();
    }

    private static String byteModel() {
        Tokenizer bytes = TokenizerFiles.sample("byte-vocabulary");
        StringBuilder vocabulary = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            String token = bytes.token(b).orElseThrow();
            vocabulary.append(b == 0 ? "" : ", ").append(String.format("'\\u%04x': %d", (int) token.charAt(0), b));
        }
        return "'model': {'type': 'BPE', 'merges': [], 'vocab': {" + vocabulary + "}}}";
    }
}
