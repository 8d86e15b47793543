package dev.filigree.host.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Prompts of a long-context model, and runs that make careless tokenizers quadratic or overflow their stack. */
final class LongTextTest {
    private static final List<String> UNITS = List.of(
            "a", " ", "\n", "\r\n", " \n", "1", "!", "é", "数", "🙂", "\u0301", "\u0301\u0316", "'s", "aB1 ", "\u0000");

    /** Far above what a linear tokenizer needs (tens of milliseconds) and far below what a quadratic one does. */
    private static final Duration LIMIT = Duration.ofSeconds(20);

    static Stream<Arguments> runs() {
        return Stream.of("llama2-bpe", "llama3-bpe", "qwen-bpe", "wordlevel", "byte-vocabulary")
                .flatMap(name -> UNITS.stream().map(unit -> Arguments.of(name, unit)));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void aRunOfOneHundredThousandCharactersIsEncoded(String name, String unit) {
        Tokenizer tokenizer = TokenizerFiles.sample(name);
        String text = "x" + unit.repeat(100_000) + "y";
        int[] ids = assertTimeoutPreemptively(LIMIT, () -> tokenizer.encode(text, false));
        if (name.endsWith("3-bpe") || name.equals("byte-vocabulary")) {
            assertEquals(text, tokenizer.decode(ids, false));
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void aLongPromptHasTheIdsOfItsLines(String name) {
        Tokenizer tokenizer = TokenizerFiles.sample(name);
        Random random = new Random(11);
        StringBuilder text = new StringBuilder();
        int[] expected = {};
        while (text.length() < 200_000) {
            String line = line(random);
            text.append(line).append('\n');
            expected = concat(expected, tokenizer.encode(line + "\n", false));
        }
        assertArrayEquals(expected, tokenizer.encode(text.toString(), false));
    }

    /** The samples for which a line that begins with a letter and ends in a newline is encoded by itself. */
    static Stream<String> samples() {
        return Stream.of("llama3-bpe", "qwen-bpe", "wordlevel", "byte-vocabulary");
    }

    private static String line(Random random) {
        StringBuilder line = new StringBuilder();
        for (int word = 0; word < 100; word++) {
            line.append(word == 0 ? "" : " ");
            random.ints(1 + random.nextInt(8), 'a', 'z' + 1).forEach(line::appendCodePoint);
        }
        return line.toString();
    }

    private static int[] concat(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
