package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.attention.Phase;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.host.check.Tracer;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.engine.CacheFullException;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.Sampling;
import dev.filigree.host.engine.Sequence;
import dev.filigree.host.engine.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What fails leaves everything usable, and what closes leaves nothing behind. */
class FailedStepTest {
    private static final int[] IDS =
            IntStream.range(0, 100).map(i -> (i * 37 + 5) % 320).toArray();

    @Test
    void aFailedStepLeavesSequencesAsTheyWere() {
        FaultyBackend backend = new FaultyBackend();
        try (Engine engine = open(backend, "llama2");
                Sequence sequence = engine.openSequence()) {
            int expected = new Tracer(engine).greedy(IDS, 100, 1)[0];
            prefill(engine, sequence, 0, 60);
            long pages = engine.usedPages(0);

            backend.failNextRun();
            assertThrows(BackendException.class, () -> prefill(engine, sequence, 60, 40));

            assertEquals(60, sequence.length());
            assertEquals(pages, engine.usedPages(0));
            assertEquals(expected, prefill(engine, sequence, 60, 40));
        }
    }

    @Test
    void aFailedStepEmptiesASequenceWhoseWindowItMayHaveOverwritten() {
        FaultyBackend backend = new FaultyBackend();
        try (Engine engine = open(backend, "mistral-window");
                Sequence sequence = engine.openSequence()) {
            int expected = new Tracer(engine).greedy(IDS, 100, 1)[0];
            prefill(engine, sequence, 0, 60);

            backend.failNextRun();
            assertThrows(BackendException.class, () -> prefill(engine, sequence, 60, 40));

            assertEquals(0, sequence.length());
            assertEquals(0, engine.usedPages(0));
            assertEquals(expected, prefill(engine, sequence, 0, 100));
        }
    }

    @Test
    void aFullCacheChangesNothing() {
        try (Engine engine = new Engine(
                TestModels.exact(TestModels.tiny("llama2"), "faulty", 1, 64), new FaultyBackend().selector())) {
            try (Sequence sequence = engine.openSequence()) {
                prefill(engine, sequence, 0, 60);
                assertThrows(CacheFullException.class, engine::openSequence);
                var tooLong = assertThrows(IllegalArgumentException.class, () -> prefill(engine, sequence, 60, 5));
                assertEquals(
                        "a sequence must have at most 64 tokens, prompt and answer together, not 65",
                        tooLong.getMessage());
                assertEquals(60, sequence.length());
            }
            assertEquals(0, engine.usedPages(0));
        }
    }

    @Test
    void aTokenOutsideTheVocabularyIsRefusedBeforeAnythingChanges() {
        try (Engine engine = open(new FaultyBackend(), "llama2");
                Sequence sequence = engine.openSequence()) {
            Step step = new Step().start(Phase.PREFILL, DecoderOutputs.NEXT_TOKEN);
            step.add(sequence, new int[] {3, 320}, 0, 2, Sampling.GREEDY);
            var refused = assertThrows(IllegalArgumentException.class, () -> engine.run(step, results -> {}));
            assertEquals("token ids must be 0 to 319, not 320", refused.getMessage());
            assertEquals(0, engine.usedPages(0));
        }
    }

    @Test
    void closingFreesAllNativeMemoryAndTheMappedFile() throws IOException {
        FaultyBackend backend = new FaultyBackend();
        Path weights = TestModels.tiny("qwen3").resolve("model.safetensors");
        try (Engine engine = open(backend, "qwen3")) {
            assertEquals(1, mappings(weights));
            new Tracer(engine).greedy(IDS, 7, 3);
        }
        assertEquals(0, backend.usedBytes());
        assertEquals(0, mappings(weights));
    }

    @Test
    void memoryThatRunsOutWhileOpeningLeavesNothingBehind() throws IOException {
        Path weights = TestModels.tiny("llama31").resolve("model.safetensors");
        for (int allowed = 0; allowed < 4; allowed++) {
            FaultyBackend backend = new FaultyBackend();
            backend.allowAllocations(allowed);
            assertThrows(OutOfMemoryException.class, () -> {
                try (Engine engine = open(backend, "llama31")) {
                    new Tracer(engine).greedy(IDS, 100, 1);
                }
            });
            assertEquals(0, backend.usedBytes(), "after " + allowed + " allocations");
            assertEquals(0, mappings(weights));
        }
    }

    @Test
    void memoryThatRunsOutInAStepLeavesTheEngineUsable() {
        FaultyBackend backend = new FaultyBackend();
        try (Engine engine = open(backend, "llama31")) {
            backend.allowAllocations(1);
            Tracer tracer = new Tracer(engine);
            assertThrows(OutOfMemoryException.class, () -> tracer.greedy(IDS, 100, 1));
            assertEquals(0, engine.usedPages(0));
            backend.allowAllocations(Long.MAX_VALUE);
            assertArrayEquals(tracer.greedy(IDS, 100, 4), tracer.greedy(IDS, 13, 4));
        }
        assertEquals(0, backend.usedBytes());
    }

    private static Engine open(FaultyBackend backend, String variant) {
        return new Engine(TestModels.exact(TestModels.tiny(variant), "faulty", 2, 128), backend.selector());
    }

    private static int prefill(Engine engine, Sequence sequence, int from, int count) {
        int[] token = new int[1];
        Step step = new Step().start(Phase.PREFILL, DecoderOutputs.NEXT_TOKEN);
        step.add(sequence, IDS, from, count, Sampling.GREEDY);
        engine.run(step, results -> token[0] = results.nextToken(0));
        return token[0];
    }

    private static long mappings(Path file) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.endsWith(file.toString())).count();
        }
    }
}
