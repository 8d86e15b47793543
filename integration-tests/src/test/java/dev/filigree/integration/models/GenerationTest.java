package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.Filigree;
import dev.filigree.host.Generation;
import dev.filigree.host.GenerationListener;
import dev.filigree.host.GenerationOptions;
import dev.filigree.host.GenerationRequest;
import dev.filigree.host.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Text in, text out, on the demo model. */
class GenerationTest {
    private static final String FACT = "The pass key for amber otter is 83412. ";
    private static final String QUESTION = "What is the pass key for amber otter? ";
    private static final GenerationOptions GREEDY = GenerationOptions.greedy(6);

    private static Filigree model;

    @BeforeAll
    static void open() {
        model = Filigree.open(TestModels.needleConfig("limits: {maxContext: 256, maxSeqs: 3, prefillChunk: 32}"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void textComesInPiecesThatTogetherAreTheAnswer() {
        StringBuilder pieces = new StringBuilder();
        Generation answer = model.generate(FACT + QUESTION, GREEDY, pieces::append);
        assertEquals("83412.", answer.text());
        assertEquals("83412.", pieces.toString());
        assertEquals(Generation.Finish.MAX_TOKENS, answer.finish());
        assertEquals(1 + FACT.length() + QUESTION.length(), answer.timing().promptTokens());
        assertEquals(5, answer.timing().decodeTokens());
    }

    @Test
    void prefillReportsEveryChunk() {
        List<String> heard = new ArrayList<>();
        model.generate(FACT + QUESTION, GenerationOptions.greedy(1), new GenerationListener() {
            @Override
            public void onText(String text) {
                heard.add(text);
            }

            @Override
            public void onPrefill(int done, int total) {
                heard.add(done + "/" + total);
            }
        });
        assertEquals(List.of("32/78", "64/78", "78/78", "8"), heard);
    }

    @Test
    void aSessionContinuesAsOneLongPrompt() {
        try (Session session = model.openSession()) {
            session.append(FACT);
            session.generate(GenerationOptions.greedy(0), GenerationListener.NONE);
            String first = session.append(QUESTION)
                    .generate(GREEDY, GenerationListener.NONE)
                    .text();
            String again = session.append(" " + QUESTION)
                    .generate(GREEDY, GenerationListener.NONE)
                    .text();
            assertEquals("83412.", first);
            assertEquals("83412.", again);
        }
    }

    @Test
    void aBatchAnswersAsItsPromptsAlone() {
        List<GenerationRequest> requests = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (String key : List.of("11111", "20202", "97531", "40404")) {
            String prompt = "x".repeat(requests.size() * 13) + FACT.replace("83412", key) + QUESTION;
            requests.add(new GenerationRequest(prompt, GREEDY, GenerationListener.NONE));
            expected.add(model.generate(prompt, GREEDY, GenerationListener.NONE).text());
        }
        assertEquals(
                expected,
                model.generateAll(requests).stream().map(Generation::text).toList());
        assertTrue(expected.contains("97531."), expected::toString);
    }

    @Test
    void seedsDecideWhatIsDrawn() {
        GenerationOptions one = GenerationOptions.sampled(12, 1.5, 7);
        String first = model.generate("The ", one, GenerationListener.NONE).text();
        assertEquals(first, model.generate("The ", one, GenerationListener.NONE).text());
        assertNotEquals(
                first,
                model.generate("The ", GenerationOptions.sampled(12, 1.5, 8), GenerationListener.NONE)
                        .text());
        assertEquals(
                model.generate("The ", GenerationOptions.greedy(4), GenerationListener.NONE)
                        .text(),
                model.generate(
                                "The ",
                                GenerationOptions.sampled(4, 1.5, 7).withCandidates(1, 1),
                                GenerationListener.NONE)
                        .text());
    }

    @Test
    void cancellingEndsAfterTheStepAndTheSessionGoesOn() {
        try (Session session = model.openSession()) {
            Generation cut = session.append(FACT + QUESTION).generate(GREEDY, text -> session.cancel());
            assertEquals(Generation.Finish.CANCELLED, cut.finish());
            assertEquals("8", cut.text());
            assertEquals(
                    "3412.",
                    session.generate(GenerationOptions.greedy(5), GenerationListener.NONE)
                            .text());
        }
    }

    @Test
    void aFullContextEndsTheAnswerAndALongerPromptIsRefused() {
        String long255 = "a".repeat(254);
        Generation answer = model.generate(long255, GREEDY, GenerationListener.NONE);
        assertEquals(Generation.Finish.CONTEXT_FULL, answer.finish());
        assertEquals(2, answer.tokens().size());
        var refused = assertThrows(
                IllegalArgumentException.class, () -> model.generate("a".repeat(256), GREEDY, GenerationListener.NONE));
        assertEquals(
                "a session must have at most 256 tokens (limits.maxContext), not 257 with the 257 that are added",
                refused.getMessage());
    }

    @Test
    void threadsShareAModel() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Callable<String>> tasks = new ArrayList<>();
            for (String key : List.of("13579", "24680", "31415")) {
                String prompt = FACT.replace("83412", key) + QUESTION;
                tasks.add(() ->
                        model.generate(prompt, GREEDY, GenerationListener.NONE).text());
            }
            List<String> answers = new ArrayList<>();
            for (Future<String> answer : threads.invokeAll(tasks)) {
                answers.add(answer.get());
            }
            assertEquals(List.of("13579.", "24680.", "31415."), answers);
        }
    }
}
