package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.Sampling;
import dev.filigree.host.engine.Sequence;
import dev.filigree.host.engine.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a decode step computes for a sequence does not depend on what else is in the step: logits are equal bit for bit,
 * over full caches and rings, after a fork, a rewind and a stay on the host. Prompt chunks have steps of their own.
 */
class BatchInvarianceTest {
    private static final int[] LENGTHS =
            IntStream.range(0, 32).map(i -> 1 + i * 37 % 101).toArray();
    private static final int LONGEST = 30;
    private static final int NUM_DRAWN = 5;
    private static final int MAX_CONTEXT = 128;

    static Stream<Arguments> variantsOnBackends() {
        return TestModels.cpuBackends().stream()
                .flatMap(backend ->
                        Stream.of("llama2", "mistral-window", "qwen3").map(variant -> Arguments.of(backend, variant)));
    }

    @ParameterizedTest
    @MethodSource("variantsOnBackends")
    void aBatchGivesTheBitsOfItsSequencesAlone(String backend, String variant) {
        try (Engine engine = open(backend, variant)) {
            List<List<float[]>> alone = new ArrayList<>();
            for (int seq = 0; seq < LENGTHS.length; seq++) {
                alone.addAll(run(engine, List.of(prompt(seq))));
            }
            List<int[]> prompts = IntStream.range(0, LENGTHS.length)
                    .mapToObj(BatchInvarianceTest::prompt)
                    .toList();
            assertSame(alone, run(engine, prompts));
            assertEquals(0, engine.usedPages(0));
        }
    }

    @ParameterizedTest
    @MethodSource("variantsOnBackends")
    void forksGoOnAsIfTheOtherDidNotExist(String backend, String variant) {
        int[] ids = prompt(LONGEST);
        try (Engine engine = open(backend, variant)) {
            List<float[]> left = continued(engine, ids, 40, 17);
            List<float[]> right = continued(engine, ids, 40, 29);
            try (Sequence parent = engine.openSequence()) {
                step(engine, Phase.PREFILL, List.of(parent), List.of(ids), 0, 40);
                try (Sequence child = parent.fork()) {
                    List<float[]> both = new ArrayList<>();
                    for (int i = 0; i < NUM_DRAWN; i++) {
                        both.addAll(step(
                                engine, Phase.DECODE, List.of(parent, child), List.of(tail(17, i), tail(29, i)), 0, 1));
                    }
                    for (int i = 0; i < NUM_DRAWN; i++) {
                        assertArrayEquals(left.get(i), both.get(2 * i), "parent, step " + i);
                        assertArrayEquals(right.get(i), both.get(2 * i + 1), "child, step " + i);
                    }
                }
            }
            assertEquals(0, engine.usedPages(0));
        }
    }

    @ParameterizedTest
    @MethodSource("variantsOnBackends")
    void aRewoundSequenceGoesOnAsOneThatNeverHadMore(String backend, String variant) {
        int[] ids = prompt(LONGEST);
        try (Engine engine = open(backend, variant);
                Sequence sequence = engine.openSequence()) {
            List<float[]> expected = continued(engine, ids, 40, 17);
            step(engine, Phase.PREFILL, List.of(sequence), List.of(ids), 0, 44);
            int kept = (int) sequence.rewind(40);
            if (kept < 40) {
                step(engine, Phase.PREFILL, List.of(sequence), List.of(ids), kept, 40 - kept);
            }
            for (int i = 0; i < NUM_DRAWN; i++) {
                List<float[]> again = step(engine, Phase.DECODE, List.of(sequence), List.of(tail(17, i)), 0, 1);
                assertArrayEquals(expected.get(i), again.getFirst(), "step " + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variantsOnBackends")
    void aStayOnTheHostLosesNothing(String backend, String variant) {
        int[] ids = prompt(LONGEST);
        try (Engine engine = TestModels.open(TestModels.exact(TestModels.tiny(variant), backend, 2, MAX_CONTEXT)
                        .withSwapBudget(1L << 24));
                Sequence first = engine.openSequence();
                Sequence second = engine.openSequence()) {
            List<float[]> expected = continued(engine, ids, 40, 17);
            step(engine, Phase.PREFILL, List.of(first), List.of(ids), 0, 40);
            step(engine, Phase.PREFILL, List.of(second), List.of(ids), 0, 90);
            for (int i = 0; i < NUM_DRAWN; i++) {
                try (Sequence third = engine.openSequence();
                        Sequence fourth = engine.openSequence()) {
                    step(engine, Phase.PREFILL, List.of(third, fourth), List.of(ids, ids), 0, 31);
                    assertEquals(2, engine.cacheUse().residentSequences());
                    assertEquals(4, engine.cacheUse().openSequences());
                }
                List<float[]> again = step(engine, Phase.DECODE, List.of(first), List.of(tail(17, i)), 0, 1);
                assertArrayEquals(expected.get(i), again.getFirst(), "step " + i);
            }
        }
    }

    /** Logits of each sequence after its prompt and after each token of a fixed tail. */
    private static List<List<float[]>> run(Engine engine, List<int[]> prompts) {
        List<Sequence> sequences =
                prompts.stream().map(ids -> engine.openSequence()).toList();
        List<List<float[]>> logits = new ArrayList<>();
        prompts.forEach(ids -> logits.add(new ArrayList<>()));
        for (int seq = 0; seq < prompts.size(); seq++) {
            int[] ids = prompts.get(seq);
            logits.get(seq)
                    .addAll(step(engine, Phase.PREFILL, List.of(sequences.get(seq)), List.of(ids), 0, ids.length));
        }
        Step step = new Step();
        for (int i = 0; i < NUM_DRAWN; i++) {
            step.start(Phase.DECODE, DecoderOutputs.NEXT_TOKEN);
            for (int seq = 0; seq < prompts.size(); seq++) {
                step.add(sequences.get(seq), tail(prompts.get(seq).length, i), 0, 1, Sampling.GREEDY);
            }
            collect(engine, step, logits);
        }
        sequences.forEach(Sequence::close);
        return logits;
    }

    private static List<float[]> continued(Engine engine, int[] ids, int length, int tail) {
        try (Sequence sequence = engine.openSequence()) {
            List<float[]> logits = new ArrayList<>();
            step(engine, Phase.PREFILL, List.of(sequence), List.of(ids), 0, length);
            for (int i = 0; i < NUM_DRAWN; i++) {
                logits.addAll(step(engine, Phase.DECODE, List.of(sequence), List.of(tail(tail, i)), 0, 1));
            }
            return logits;
        }
    }

    private static List<float[]> step(
            Engine engine, Phase phase, List<Sequence> sequences, List<int[]> ids, int from, int count) {
        Step step = new Step().start(phase, DecoderOutputs.NEXT_TOKEN);
        List<List<float[]>> logits = new ArrayList<>();
        for (int seq = 0; seq < sequences.size(); seq++) {
            step.add(sequences.get(seq), ids.get(seq), from, count, Sampling.GREEDY);
            logits.add(new ArrayList<>());
        }
        collect(engine, step, logits);
        return logits.stream().flatMap(List::stream).toList();
    }

    private static void collect(Engine engine, Step step, List<List<float[]>> logits) {
        engine.run(step, results -> {
            for (int seq = 0; seq < logits.size(); seq++) {
                float[] row = new float[engine.decoder().vocabSize()];
                results.logits(seq, row);
                logits.get(seq).add(row);
            }
        });
    }

    private static void assertSame(List<List<float[]>> expected, List<List<float[]>> actual) {
        for (int seq = 0; seq < expected.size(); seq++) {
            for (int i = 0; i < expected.get(seq).size(); i++) {
                assertArrayEquals(expected.get(seq).get(i), actual.get(seq).get(i), "sequence " + seq + ", step " + i);
            }
        }
    }

    private static int[] prompt(int seq) {
        return IntStream.range(0, LENGTHS[seq])
                .map(i -> (i * (31 + seq) + 7 * seq) % 320)
                .toArray();
    }

    private static int[] tail(int salt, int index) {
        return new int[] {(salt * 53 + index * 17) % 320};
    }

    private static Engine open(String backend, String variant) {
        return TestModels.open(TestModels.exact(TestModels.tiny(variant), backend, LENGTHS.length + 1, MAX_CONTEXT));
    }
}
