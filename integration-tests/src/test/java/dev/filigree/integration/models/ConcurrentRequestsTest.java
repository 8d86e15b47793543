package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.Filigree;
import dev.filigree.host.Generation;
import dev.filigree.host.GenerationListener;
import dev.filigree.host.GenerationOptions;
import dev.filigree.host.ServingLoad;
import dev.filigree.host.Session;
import dev.filigree.host.engine.CacheUse;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * 32 requests of mixed lengths at the same time, some forked, cut or cancelled, give the tokens that they give one at a
 * time, and leave nothing behind. Most draw at random, so a logit that differs in its last bits would show.
 */
@Timeout(240)
class ConcurrentRequestsTest {
    private static final int NUM_REQUESTS = 32;
    private static final String FACT = "The pass key for amber otter is 83412. ";
    private static final String QUESTION = "What is the pass key for amber otter? ";

    /** Eight at a time, and a cache for about five of the longest, so that requests wait and sessions are swapped out. */
    private static final String LIMITS =
            "limits: {maxContext: 384, maxSeqs: 8, prefillChunk: 64, swapBudget: 256MiB, kvBudget: %s, %s}\n";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "attention: dense\nkvCache: {pageSize: 16, k: f32, v: f32}\n",
                "attention: {policy: duoattention, gates: GATES, sparsity: 0.5, sink: 8, recent: 24}\n"
                        + "kvCache: {pageSize: 8, k: int8, v: int4}\n",
                "attention: {policy: lserve, budget: 96, sink: 8, logicalPageSize: 8, reuseInterval: 3}\n"
                        + "kvCache: {pageSize: 16, k: int8, v: int8}\n",
                "attention: {policy: duoattention, gates: GATES, sparsity: 0.5, sink: 8, recent: 24, retrieval: "
                        + "{policy: lserve, budget: 64, sink: 8, logicalPageSize: 8, lists: kv-group}}\n"
                        + "kvCache: {pageSize: 16, k: int8, v: int4}\n",
                "attention: {policy: streaming, sink: 4, recent: 40}\nkvCache: {pageSize: 16}\n",
            })
    void concurrentRequestsAnswerAsTheyDoAlone(String policies) throws Exception {
        List<List<List<Integer>>> alone = new ArrayList<>();
        try (Filigree model = open(policies)) {
            for (int request = 0; request < NUM_REQUESTS; request++) {
                alone.add(answer(model, request));
                assertIdle(model.load());
            }
        }
        try (Filigree model = open(policies);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<List<List<Integer>>>> tasks = new ArrayList<>();
            for (int request = 0; request < NUM_REQUESTS; request++) {
                int number = request;
                tasks.add(() -> answer(model, number));
            }
            List<Future<List<List<Integer>>>> answers = threads.invokeAll(tasks);
            for (int request = 0; request < NUM_REQUESTS; request++) {
                assertEquals(alone.get(request), answers.get(request).get(), "request " + request);
            }
            assertIdle(model.load());
            assertTrue(model.load().cache().swapOuts() > 0, "no session was ever swapped out");
        }
    }

    /**
     * Prompts that begin alike share the pages of their beginning and answer as they do where none is kept. Beginnings make
     * room for requests, so the small cache does not matter.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "attention: dense\nkvCache: {pageSize: 16, k: f32, v: f32}\n",
                "attention: {policy: duoattention, gates: GATES, sparsity: 0.5, sink: 8, recent: 24, retrieval: "
                        + "{policy: lserve, budget: 64, sink: 8, logicalPageSize: 8}}\n"
                        + "kvCache: {pageSize: 16, k: int8, v: int4}\n",
            })
    void promptsThatBeginAlikeShareTheirBeginning(String policies) throws Exception {
        List<List<Integer>> alone = new ArrayList<>();
        try (Filigree model = open(policies)) {
            for (int request = 0; request < NUM_REQUESTS; request++) {
                alone.add(tokens(model.generate(alike(request), options(request), GenerationListener.NONE)));
            }
        }
        try (Filigree model = open(policies, "prefixCache: 6");
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<List<Integer>>> tasks = new ArrayList<>();
            for (int request = 0; request < NUM_REQUESTS; request++) {
                int number = request;
                tasks.add(() -> tokens(model.generate(alike(number), options(number), GenerationListener.NONE)));
            }
            List<Future<List<Integer>>> answers = threads.invokeAll(tasks);
            for (int request = 0; request < NUM_REQUESTS; request++) {
                assertEquals(alone.get(request), answers.get(request).get(), "request " + request);
            }
            // How many shared depends on who came when, and on beginnings dropped for room; of two that come by
            // themselves, the second does.
            assertEquals(alone.get(0), tokens(model.generate(alike(0), options(0), GenerationListener.NONE)));
            long before = model.load().cache().prefixHits();
            assertEquals(alone.get(2), tokens(model.generate(alike(2), options(2), GenerationListener.NONE)));
            CacheUse cache = model.load().cache();
            assertEquals(before + 1, cache.prefixHits());
            assertTrue(cache.prefixTokens() >= 64 * cache.prefixHits(), cache.prefixTokens() + " tokens were shared");
            assertTrue(cache.prefixes() <= 6, cache.prefixes() + " beginnings are kept");
        }
    }

    /** One of two beginnings of two chunks and more, and an end of its own. */
    private static String alike(int request) {
        return FACT.repeat(4 + request % 2) + "Note " + request * 7919 + ". " + QUESTION;
    }

    private static void assertIdle(ServingLoad load) {
        assertEquals(0, load.waitingRequests());
        assertEquals(0, load.activeRequests());
        assertEquals(0, load.cache().openSequences());
        assertEquals(0, load.cache().residentSequences());
        load.cache().usedPages().forEach(pages -> assertEquals(0, pages));
        assertEquals(0, load.cache().swappedBytes());
    }

    /** What one client does and hears. */
    private static List<List<Integer>> answer(Filigree model, int request) throws Exception {
        return switch (request % 4) {
            case 0 -> List.of(tokens(model.generate(prompt(request), options(request), GenerationListener.NONE)));
            case 1 -> forked(model, request);
            case 2 -> cancelled(model, request);
            default -> rewound(model, request);
        };
    }

    /** A conversation, and a second one that leaves it after the first answer; both go on at the same time. */
    private static List<List<Integer>> forked(Filigree model, int request) throws Exception {
        try (Session session = model.openSession()) {
            List<Integer> first = generate(session.append(prompt(request)), request);
            try (Session child = session.fork();
                    ExecutorService other = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<List<Integer>> childs = other.submit(() -> generate(child.append(" " + FACT), request + 1));
                List<Integer> own = generate(session.append(" " + QUESTION), request + 2);
                return List.of(first, own, childs.get());
            }
        }
    }

    /** An answer that its listener ends, and its continuation. */
    private static List<List<Integer>> cancelled(Filigree model, int request) {
        try (Session session = model.openSession()) {
            session.append(prompt(request));
            Generation cut = session.generate(options(request), new GenerationListener() {
                @Override
                public void onText(String text) {}

                @Override
                public void onToken(int count) {
                    if (count == 3) {
                        session.cancel();
                    }
                }
            });
            return List.of(tokens(cut), generate(session, request + 1));
        }
    }

    /** An answer cancelled from outside at any moment; the session goes back and asks again. */
    private static List<List<Integer>> rewound(Filigree model, int request) throws Exception {
        try (Session session = model.openSession()) {
            session.append(prompt(request));
            int promptTokens = session.numTokens();
            Thread canceller = Thread.ofVirtual().start(() -> {
                try {
                    Thread.sleep(new Random().nextInt(40));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                session.cancel();
            });
            List<Integer> cut = generate(session, request);
            canceller.join();
            session.rewind(promptTokens);
            List<Integer> whole = generate(session, request);
            assertEquals(whole.subList(0, cut.size()), cut, "a cancelled answer is the beginning of the whole one");
            session.rewind(promptTokens / 2);
            return List.of(whole, generate(session, request + 1));
        }
    }

    private static List<Integer> generate(Session session, int seed) {
        return tokens(session.generate(options(seed), GenerationListener.NONE));
    }

    private static List<Integer> tokens(Generation answer) {
        return answer.tokens();
    }

    private static GenerationOptions options(int seed) {
        int maxTokens = 4 + seed * 7 % 15;
        return (seed % 5 == 0 ? GenerationOptions.greedy(maxTokens) : GenerationOptions.sampled(maxTokens, 1.3, seed))
                .withoutStop();
    }

    /** From about 80 to 270 tokens. */
    private static String prompt(int request) {
        String filler = IntStream.range(0, request * 29 % 190)
                .mapToObj(i -> String.valueOf((char) ('a' + (i * 7 + request) % 26)))
                .reduce("", String::concat);
        return filler + " " + FACT + QUESTION;
    }

    private static Filigree open(String policies) {
        return open(policies, "prefixCache: 0");
    }

    private static Filigree open(String policies, String prefixCache) {
        String gates = TestModels.needle().getParent().getParent() + "/gates/needle-16k.tsv";
        String limits = String.format(LIMITS, policies.contains("f32") ? "9MiB" : "3MiB", prefixCache);
        return Filigree.open(TestModels.needleConfig(policies.replace("GATES", gates) + limits)
                .withBackend(TestModels.cpuBackends().getFirst()));
    }
}
