package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.BackendException;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.host.Filigree;
import dev.filigree.host.GenerationListener;
import dev.filigree.host.GenerationOptions;
import dev.filigree.host.QueueFullException;
import dev.filigree.host.ServingLoad;
import dev.filigree.host.Session;
import dev.filigree.host.engine.CacheFullException;
import dev.filigree.integration.process.RunningClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Clients that ask, fork, rewind and cancel while a backend fails at random: what is answered is right, and nothing is
 * left behind. Three seconds by default; {@code -Dfiligree.soak=1800} makes it half an hour and checks that memory is flat.
 * Only the time counts that the process ran, so a machine that stops it for a while sees no hang.
 */
class SoakTest {
    private static final long SECONDS = Long.getLong("filigree.soak", 3);
    private static final int NUM_CLIENTS = 8;
    private static final int NUM_PROMPTS = 10;
    private static final long SEED = Long.getLong("filigree.seed", System.nanoTime());

    private static final long MAX_SILENT_NANOS = 120_000_000_000L;

    private final FaultyBackend backend =
            new FaultyBackend(TestModels.cpuBackends().getFirst());
    private final AtomicLong answers = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong refusals = new AtomicLong();
    private final List<List<Integer>> expected = new ArrayList<>();
    private long deadline;

    @Test
    void whatIsAnsweredIsRightAndNothingIsLeftBehind() throws Exception {
        try (Filigree model = Filigree.open(
                TestModels.needleConfig("kvCache: {pageSize: 16, k: f32, v: f32}\n"
                                + "attention: {policy: streaming, sink: 8, recent: 48}\n"
                                + "limits: {maxContext: 192, maxSeqs: 3, prefillChunk: 32, maxQueue: 3,"
                                + " swapBudget: 64MiB}")
                        .withBackend("faulty"),
                backend.selector())) {
            for (int i = 0; i < NUM_PROMPTS; i++) {
                expected.add(model.generate(prompt(i), options(i), GenerationListener.NONE)
                        .tokens());
            }
            backend.failAtRandom(0.02, SEED);
            long middle = run(model, 2 * SECONDS / 3.0);
            long middleHeap = heapBytes();
            long end = run(model, SECONDS / 3.0);
            long endHeap = heapBytes();
            assertIdle(model.load());
            System.out.printf(
                    Locale.ROOT,
                    "soak: %.1f minutes, %d answers as alone, %d faults, %d requests failed, %d refused, "
                            + "native bytes at most %d, then %d, heap bytes %d, then %d%n",
                    SECONDS / 60.0,
                    answers.get(),
                    backend.faults(),
                    failures.get(),
                    refusals.get(),
                    middle,
                    end,
                    middleHeap,
                    endHeap);
            assertTrue(answers.get() > NUM_CLIENTS, () -> "seed " + SEED + ": only " + answers + " answers");
            assertTrue(backend.faults() > 0 && failures.get() > 0, () -> "seed " + SEED + ": nothing ever failed");
            if (SECONDS >= 60) {
                assertTrue(end <= middle * 1.05, () -> "native bytes grew from " + middle + " to " + end);
                assertTrue(
                        endHeap <= middleHeap * 1.1 + (8 << 20),
                        () -> "heap bytes grew from " + middleHeap + " to " + endHeap);
            }
        }
        assertEquals(0, backend.usedBytes());
    }

    /** Runs all clients and returns the most native memory that was seen between two of their requests. */
    private long run(Filigree model, double seconds) throws Exception {
        deadline = RunningClock.nanoTime() + (long) (seconds * 1e9);
        AtomicLong most = new AtomicLong();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> clients = new ArrayList<>();
            for (int i = 0; i < NUM_CLIENTS; i++) {
                Random random = new Random(SEED + i);
                clients.add(threads.submit(() -> {
                    while (RunningClock.nanoTime() < deadline || isEarly()) {
                        tryOnce(model, random);
                        most.accumulateAndGet(backend.usedBytes(), Math::max);
                    }
                    return true;
                }));
            }
            await(clients, threads);
        }
        return most.get();
    }

    /** Waits for all clients; when none of them gets any further, says so in place of waiting for ever. */
    private void await(List<Future<?>> clients, ExecutorService threads) throws Exception {
        long seen = -1;
        long since = RunningClock.nanoTime();
        for (int i = 0; i < clients.size(); ) {
            try {
                clients.get(i).get(200, TimeUnit.MILLISECONDS);
                i++;
            } catch (TimeoutException e) {
                long now = answers.get() + failures.get() + refusals.get();
                since = now == seen ? since : RunningClock.nanoTime();
                seen = now;
                if (RunningClock.nanoTime() - since > MAX_SILENT_NANOS) {
                    threads.shutdownNow();
                    throw new AssertionError("seed " + SEED + ": nothing was answered or refused for two minutes", e);
                }
            }
        }
    }

    private static long heapBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** A slow machine gets up to a minute more for the least that a run must have seen. */
    private boolean isEarly() {
        return RunningClock.nanoTime() < deadline + 60_000_000_000L
                && (failures.get() < 3 || answers.get() < 4 * NUM_CLIENTS);
    }

    private void tryOnce(Filigree model, Random random) throws InterruptedException {
        int number = random.nextInt(NUM_PROMPTS);
        try {
            if (random.nextBoolean()) {
                check(
                        number,
                        model.generate(prompt(number), options(number), GenerationListener.NONE)
                                .tokens());
            } else {
                converse(model, random, number);
            }
        } catch (QueueFullException | CacheFullException e) {
            refusals.incrementAndGet();
            // Asking again at once would leave the others no time to answer.
            Thread.sleep(1 + random.nextInt(50));
        } catch (BackendException | OutOfMemoryException e) {
            failures.incrementAndGet();
        }
    }

    /** A session that is cancelled, or fails, goes back to its prompt and then gives the right answer. */
    private void converse(Filigree model, Random random, int number) {
        try (Session session = model.openSession()) {
            session.append(prompt(number));
            int promptTokens = session.numTokens();
            int stop = 1 + random.nextInt(6);
            try {
                session.generate(options(number), new GenerationListener() {
                    @Override
                    public void onText(String text) {}

                    @Override
                    public void onToken(int count) {
                        if (count == stop) {
                            session.cancel();
                        }
                    }
                });
            } catch (BackendException | OutOfMemoryException e) {
                failures.incrementAndGet();
            }
            session.rewind(promptTokens);
            try (Session child = session.fork()) {
                check(
                        number,
                        child.generate(options(number), GenerationListener.NONE).tokens());
            }
            check(
                    number,
                    session.generate(options(number), GenerationListener.NONE).tokens());
        }
    }

    private void check(int number, List<Integer> tokens) {
        assertEquals(expected.get(number), tokens, () -> "seed " + SEED + ", prompt " + number);
        answers.incrementAndGet();
    }

    private static void assertIdle(ServingLoad load) {
        assertEquals(0, load.waitingRequests() + load.activeRequests());
        assertEquals(0, load.cache().openSequences());
        load.cache().usedPages().forEach(pages -> assertEquals(0, pages));
        assertEquals(0, load.cache().swappedBytes());
    }

    private static String prompt(int number) {
        return "x".repeat(number * 7) + "The pass key for amber otter is 83412. What is the pass key? ";
    }

    private static GenerationOptions options(int number) {
        return GenerationOptions.sampled(3 + number, 1.2, number).withoutStop();
    }
}
