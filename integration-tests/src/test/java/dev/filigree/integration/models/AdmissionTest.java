package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.Filigree;
import dev.filigree.host.Generation;
import dev.filigree.host.GenerationListener;
import dev.filigree.host.GenerationOptions;
import dev.filigree.host.QueueFullException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who waits, who is refused, and that nobody waits for ever. */
@Timeout(120)
class AdmissionTest {
    private static final String SHORT = "The pass key for amber otter is 83412. What is the pass key? ";

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    /** An answer whose first token is not heard before it may be. */
    private static final class Held implements GenerationListener {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch goOn = new CountDownLatch(1);

        @Override
        public void onText(String text) {}

        @Override
        public void onToken(int count) {
            begun.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Filigree open(String limits) {
        return Filigree.open(TestModels.needleConfig(
                        "attention: dense\nkvCache: {pageSize: 16, k: f32, v: f32}\nlimits: {maxContext: 384, " + limits
                                + "}\n")
                .withBackend(TestModels.cpuBackends().getFirst()));
    }

    private Future<Generation> ask(Filigree model, String prompt, int maxTokens, GenerationListener listener) {
        return threads.submit(
                () -> model.generate(prompt, GenerationOptions.greedy(maxTokens).withoutStop(), listener));
    }

    private static void await(BooleanSupplier state) throws InterruptedException {
        while (!state.getAsBoolean()) {
            Thread.sleep(1);
        }
    }

    @Test
    void aFullQueueRefusesAndNothingElseChanges() throws Exception {
        try (Filigree model = open("maxSeqs: 1, maxQueue: 1")) {
            List<Integer> alone = model.generate(
                            SHORT, GenerationOptions.greedy(3).withoutStop(), GenerationListener.NONE)
                    .tokens();
            Held first = new Held();
            Future<Generation> active = ask(model, SHORT, 3, first);
            first.begun.await();
            Future<Generation> waiting = ask(model, SHORT, 3, GenerationListener.NONE);
            await(() -> model.load().waitingRequests() == 1);
            QueueFullException refused = assertThrows(QueueFullException.class, () -> model.generate(SHORT, 3));
            assertEquals(
                    "of 1 requests 0 can start at once; 1 wait already, and at most 1 may: ask again later, or raise"
                            + " limits.maxQueue",
                    refused.getMessage());
            assertEquals(1, model.load().refusedRequests());
            assertEquals(1, model.load().waitingRequests());
            first.goOn.countDown();
            assertEquals(alone, active.get().tokens());
            assertEquals(alone, waiting.get().tokens());
            assertEquals(
                    alone,
                    model.generate(SHORT, GenerationOptions.greedy(3).withoutStop(), GenerationListener.NONE)
                            .tokens());
            assertEquals(4, model.load().admittedRequests());
            assertEquals(0, model.load().cache().openSequences());
        }
    }

    /**
     * A request that needs most of the cache waits for a short one, while others that would fit beside it keep coming: they
     * come after it.
     */
    @Test
    void aLongRequestIsNotOvertakenByShortOnes() throws Exception {
        String longPrompt = SHORT.repeat(5);
        try (Filigree model = open("maxSeqs: 4, maxQueue: 64, prefillChunk: 64, kvBudget: 5MiB")) {
            List<String> order = Collections.synchronizedList(new ArrayList<>());
            Held first = new Held();
            List<Future<Generation>> answers = new ArrayList<>();
            answers.add(ask(model, SHORT, 40, first));
            first.begun.await();
            answers.add(ask(model, longPrompt, 40, told(order, "long")));
            await(() -> model.load().waitingRequests() == 1);
            for (int i = 0; i < 8; i++) {
                answers.add(ask(model, SHORT, 2, told(order, "short")));
            }
            await(() -> model.load().waitingRequests() == 9);
            assertEquals(1, model.load().activeRequests(), "the long one lacks room, and nobody passes it");
            assertTrue(order.isEmpty(), order.toString());
            first.goOn.countDown();
            for (Future<Generation> answer : answers) {
                answer.get();
            }
            assertTrue(order.contains("long"), order.toString());
            assertEquals(9, order.size());
            assertEquals(0, model.load().cache().openSequences());
        }
    }

    private static GenerationListener told(List<String> order, String name) {
        return new GenerationListener() {
            @Override
            public void onText(String text) {}

            @Override
            public void onToken(int count) {
                if (count == 1) {
                    order.add(name);
                }
            }
        };
    }
}
