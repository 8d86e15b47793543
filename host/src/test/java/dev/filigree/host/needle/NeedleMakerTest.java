package dev.filigree.host.needle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Prompts hold their needle where they should and are never longer than asked for. */
class NeedleMakerTest {
    private final NeedleMaker maker = new NeedleMaker();

    @ParameterizedTest
    @EnumSource
    void everyTaskKeepsItsSizeAndHoldsItsAnswer(NeedleTask task) {
        for (int numTokens : new int[] {512, 1000, 4096}) {
            for (double depth : new double[] {0, 0.37, 1}) {
                NeedlePrompt prompt = maker.make(task, numTokens, depth, 3);
                int size = prompt.prompt().length() + prompt.answer().length() + 2;
                assertTrue(size <= numTokens, task + ": " + size + " above " + numTokens);
                assertTrue(size > numTokens - 130, task + ": " + size + " far below " + numTokens);
                assertTrue(prompt.prompt().chars().allMatch(c -> c < 128));
                String firstValue = prompt.answer().substring(0, 5);
                assertTrue(prompt.prompt().contains(firstValue), prompt::toString);
            }
        }
    }

    @Test
    void depthIsThePlaceOfTheNeedle() {
        for (double depth : new double[] {0, 0.25, 0.5, 0.75, 1}) {
            NeedlePrompt prompt = maker.make(NeedleTask.SINGLE, 8192, depth, 11);
            double at = prompt.prompt().indexOf("The pass key for ")
                    / (double) prompt.prompt().length();
            assertEquals(depth, at, 0.02);
        }
    }

    @Test
    void equalSeedsGiveEqualPromptsAndOthersDoNot() {
        NeedlePrompt one = maker.make(NeedleTask.COPY, 1024, 0.5, 1);
        assertEquals(one, new NeedleMaker().make(NeedleTask.COPY, 1024, 0.5, 1));
        assertNotEquals(one.prompt(), maker.make(NeedleTask.COPY, 1024, 0.5, 2).prompt());
        assertNotEquals(one.prompt(), maker.make(NeedleTask.COPY, 1024, 0.6, 1).prompt());
    }

    @Test
    void multivalueAnswersInOrderOfAppearance() {
        NeedlePrompt prompt = maker.make(NeedleTask.MULTIVALUE, 4096, 0.2, 5);
        int last = -1;
        for (String value : prompt.answer().replace(".", "").split(", ")) {
            int at = prompt.prompt().indexOf(value);
            assertTrue(at > last, prompt::answer);
            last = at;
        }
    }

    @Test
    void multikeyHidesTheKeyAmongOthersThatShareAWord() {
        NeedlePrompt prompt = maker.make(NeedleTask.MULTIKEY, 4096, 0.5, 5);
        Matcher asked =
                Pattern.compile("What is the pass key for (\\w+) (\\w+)\\? $").matcher(prompt.prompt());
        assertTrue(asked.find());
        Matcher facts = Pattern.compile("The pass key for (\\w+) (\\w+) is").matcher(prompt.prompt());
        int all = 0;
        int alike = 0;
        while (facts.find()) {
            all++;
            alike += facts.group(1).equals(asked.group(1)) != facts.group(2).equals(asked.group(2)) ? 1 : 0;
        }
        assertEquals(1 + 4096 / 256, all);
        assertTrue(alike >= 4, "only " + alike + " names are alike");
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        assertEquals(
                "tokens must be 512 to 131072, not 511",
                assertThrows(IllegalArgumentException.class, () -> maker.make(NeedleTask.KV, 511, 0.5, 1))
                        .getMessage());
        assertEquals(
                "depth must be 0 to 1, not NaN",
                assertThrows(IllegalArgumentException.class, () -> maker.make(NeedleTask.KV, 512, Double.NaN, 1))
                        .getMessage());
    }
}
