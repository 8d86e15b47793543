package dev.filigree.host.calibrate.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Layout of the calibration samples, read back from their tokens. */
class CalibrationDataTest {
    private static final Tokenizer BYTES = Tokenizer.read(Path.of("../examples/models/needle-16k"));
    private static final String HAYSTACK =
            "The carpenter measured the timber and the sailor counted crates. ".repeat(80);
    private static final Pattern NEEDLE = Pattern.compile("they are the (\\w+) passkey to the vault: ([a-z ]+)\n\n");
    private static final Pattern ANSWER = Pattern.compile("the (\\w+) passkey to the vault\\? Passkey: ([a-z ]+)\n\n");

    private static PasskeyData passkeys(long seed) {
        return new PasskeyData(BYTES, HAYSTACK, 1000, 5000, seed);
    }

    private static String text(CalibrationSample sample) {
        return BYTES.decode(sample.tokens(), true);
    }

    private static List<String> found(Pattern pattern, String text) {
        List<String> found = new ArrayList<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1) + "=" + matcher.group(2));
        }
        return found;
    }

    @Test
    void tenNeedlesStandInOrderAndTheQuestionsRepeatThem() {
        for (int index = 0; index < 12; index++) {
            String text = text(passkeys(3).sample(index));
            List<String> needles = found(NEEDLE, text);
            assertEquals(
                    List.of(
                            "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
                            "tenth"),
                    needles.stream().map(needle -> needle.split("=")[0]).toList());
            assertEquals(needles, found(ANSWER, text));
            assertEquals(32, needles.getFirst().split("=")[1].split(" ").length);
        }
    }

    @Test
    void lengthIsAMultipleOf16AndWithinTheLimit() {
        for (int index = 0; index < 50; index++) {
            CalibrationSample sample = passkeys(4).sample(index);
            assertEquals(0, sample.numTokens() % 16);
            assertTrue(sample.numTokens() <= passkeys(4).maxTokens());
        }
    }

    @Test
    void labelsAreExactlyTheQuestions() {
        CalibrationSample sample = passkeys(5).sample(0);
        int[] labels = sample.labels();
        assertEquals(
                IntStream.range(sample.firstLabel(), sample.numTokens()).boxed().toList(),
                Arrays.stream(labels).boxed().toList());
        String asked = BYTES.decode(Arrays.copyOfRange(sample.tokens(), sample.firstLabel(), sample.numTokens()), true);
        assertTrue(asked.startsWith("What is the first passkey"), () -> asked.substring(0, 40));
        String before = BYTES.decode(Arrays.copyOf(sample.tokens(), sample.firstLabel()), true);
        assertTrue(before.endsWith("</book>.\n\n"), () -> before.substring(before.length() - 20));
    }

    @Test
    void everyEpochHasEveryLengthOnceAndSeedsMatter() {
        assertEquals(passkeys(6).sample(7), passkeys(6).sample(7));
        assertNotEquals(passkeys(6).sample(7), passkeys(7).sample(7));
        assertNotEquals(passkeys(6).sample(7), passkeys(6).sample(57));
        long distinct = IntStream.range(0, 50)
                .map(index -> passkeys(6).sample(index).numTokens() / 16)
                .distinct()
                .count();
        assertTrue(distinct >= 45, () -> "only " + distinct + " lengths");
    }

    @Test
    void shortHaystackIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new PasskeyData(BYTES, "too short", 1000, 5000, 1));
    }

    @Test
    void needleSamplesEndInTheAnswerTheyPredict() {
        NeedleData data = new NeedleData(BYTES, 600, 900, 8);
        for (int index = 0; index < 10; index++) {
            CalibrationSample sample = data.sample(index);
            assertEquals(sample, data.sample(index));
            assertTrue(sample.numTokens() <= 900 && sample.numTokens() > 500, sample::toString);
            assertEquals(sample.numTokens() - sample.firstLabel(), sample.labels().length);
        }
        CalibrationSample single = data.sample(0);
        String question = BYTES.decode(Arrays.copyOf(single.tokens(), single.firstLabel() + 1), true);
        assertTrue(question.endsWith("? "), () -> question.substring(question.length() - 40));
        // Five digits and a full stop, of which the last is never an input.
        assertEquals(6, single.labels().length);
    }
}
