package dev.filigree.host.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvCacheProblem;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.policies.layer.StepShapes;
import dev.filigree.policies.paged.PagedConfig;
import dev.filigree.policies.paged.PagedPolicy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** The arrays written without allocation are those that the layer assembler's pure function gives. */
class StepFieldsTest {
    private static final List<Integer> BLOCK_SIZES = List.of(1, 16, 64);

    @RepeatedTest(20)
    void agreesWithStepShapes(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        KvCachePlan kv = cache();
        SharedBlockManager blocks = new SharedBlockManager(kv);
        int numSeqs = 1 + random.nextInt(4);
        int[] past = random.ints(numSeqs, 0, 300).toArray();
        int[] now = random.ints(numSeqs, 0, 90).toArray();
        Step step = new Step().start(Phase.PREFILL, DecoderOutputs.NEXT_TOKEN);
        for (int seq = 0; seq < numSeqs; seq++) {
            Sequence sequence = new Sequence(null, seq, blocks.open());
            sequence.advance(past[seq]);
            step.add(sequence, new int[100], 0, now[seq], Sampling.GREEDY);
        }
        StepShapes expected = StepShapes.of(kv, past, now, BLOCK_SIZES);
        StepFields fields = new StepFields(kv);
        expected.arrays()
                .forEach((name, array) -> assertArrayEquals(array, written(fields, name, array.length, step), name));
        expected.axes()
                .forEach((axis, extent) ->
                        assertEquals((long) extent, fields.extent(axis).applyAsLong(step), axis));
        assertEquals(
                new TreeSet<>(List.of("kv.full.kvOffsets", "kv.ring.kvOffsets")),
                new TreeSet<>(expected.arrays().keySet().stream()
                        .filter(name -> name.startsWith("kv."))
                        .toList()));
    }

    private static int[] written(StepFields fields, String name, int length, Step step) {
        TensorDecl decl = TensorDecl.of(name, TensorRole.INPUT, DType.I32, Dim.upTo("n", length));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(4L * length + 64, 8);
            fields.writer(decl).write(step, target, 8);
            return target.asSlice(8, 4L * length).toArray(ValueLayout.JAVA_INT);
        }
    }

    private static KvCachePlan cache() {
        ModelGeometry geometry = ModelGeometry.of(2, 4, 2, 8);
        KvNeeds needs = new KvNeeds(List.of(
                List.of(HeadNeed.EVERYTHING, HeadNeed.window(4, 40)),
                List.of(HeadNeed.EVERYTHING, HeadNeed.EVERYTHING)));
        return new PagedPolicy(new PagedConfig(16, KvPrecision.F16, KvPrecision.F16, PrefillReads.STORED))
                .plan(new KvCacheProblem(geometry, needs, 4, 512, OptionalLong.empty()));
    }
}
