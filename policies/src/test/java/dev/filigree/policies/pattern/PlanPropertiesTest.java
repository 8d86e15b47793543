package dev.filigree.policies.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvCacheProblem;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.golden.Geometries;
import dev.filigree.policies.layer.LayerAttention;
import dev.filigree.policies.paged.PagedPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What must hold of every plan, whatever the mix of heads. */
class PlanPropertiesTest {
    private static final HeadPattern.Streaming WINDOW = new HeadPattern.Streaming(3, 9);

    /** Some heads dense, the others streaming, by a random table; 0 and all heads of a class included. */
    private record Mixed(boolean[][] dense) implements AttentionPolicy {
        @Override
        public String name() {
            return "mixed";
        }

        @Override
        public KvNeeds kvNeeds(ModelGeometry geometry) {
            List<List<HeadNeed>> layers = new ArrayList<>();
            for (boolean[] layer : dense) {
                layers.add(IntStream.range(0, layer.length)
                        .mapToObj(h -> layer[h] ? HeadNeed.EVERYTHING : HeadNeed.window(3, 9))
                        .toList());
            }
            return new KvNeeds(layers);
        }

        @Override
        public AttentionPlan plan(AttentionProblem problem) {
            return PatternPlan.of(name(), problem, h -> dense[problem.layer()][h] ? HeadPattern.DENSE : WINDOW);
        }
    }

    private static Mixed random(Random random, int numLayers, int numKvHeads) {
        boolean[][] dense = new boolean[numLayers][numKvHeads];
        for (boolean[] layer : dense) {
            int share = random.nextInt(4);
            for (int h = 0; h < numKvHeads; h++) {
                layer[h] = share == 3 || random.nextInt(3) < share;
            }
        }
        return new Mixed(dense);
    }

    @Test
    void everyHeadIsServedAndAppendedExactlyOnce() {
        Random random = new Random(11);
        for (int round = 0; round < 200; round++) {
            int numKvHeads = 1 + random.nextInt(6);
            int group = 1 + random.nextInt(4);
            ModelGeometry geometry = ModelGeometry.of(3, group * numKvHeads, numKvHeads, 16);
            Mixed policy = random(random, 3, numKvHeads);
            PagedPolicy paged = Geometries.paged(
                    random.nextBoolean() ? KvPrecision.INT8 : KvPrecision.F16,
                    random.nextBoolean() ? PrefillReads.EXACT : PrefillReads.STORED);
            KvCachePlan kv = Geometries.cache(geometry, policy, paged);
            for (int layer = 0; layer < 3; layer++) {
                for (Phase phase : Phase.values()) {
                    AttentionProblem problem = Geometries.problem(kv, phase, layer);
                    LayerAttention attention = LayerAttention.of(problem, policy, Optional.of(Geometries.rotary()));
                    assertEquals(counts(numKvHeads), served(attention, numKvHeads, false));
                    assertEquals(counts(numKvHeads), served(attention, numKvHeads, true));
                }
            }
        }
    }

    private static List<Integer> counts(int numKvHeads) {
        return java.util.Collections.nCopies(numKvHeads, 1);
    }

    private static List<Integer> served(LayerAttention attention, int numKvHeads, boolean appended) {
        Integer[] times = new Integer[numKvHeads];
        java.util.Arrays.fill(times, 0);
        for (Op op : attention.plan().ops()) {
            Optional<HeadMap> heads = appended ? appendedBy(op) : attendedBy(op);
            heads.ifPresent(map -> map.kvHeads().forEach(h -> times[h]++));
        }
        return List.of(times);
    }

    private static Optional<HeadMap> appendedBy(Op op) {
        return op instanceof KvAppend append ? Optional.of(append.heads()) : Optional.empty();
    }

    private static Optional<HeadMap> attendedBy(Op op) {
        return switch (op) {
            case DenseAttention a -> Optional.of(a.heads());
            case StreamingAttention a -> Optional.of(a.heads());
            case BlockSparseAttention a -> Optional.of(a.heads());
            case PagedAttention a -> Optional.of(a.heads());
            default -> Optional.empty();
        };
    }

    @Test
    void keysAreRotatedExactlyOnce() {
        Random random = new Random(12);
        for (int round = 0; round < 100; round++) {
            ModelGeometry geometry = ModelGeometry.of(2, 8, 4, 16);
            Mixed policy = random(random, 2, 4);
            KvCachePlan kv = Geometries.cache(geometry, policy, Geometries.paged(KvPrecision.F16, PrefillReads.STORED));
            for (Phase phase : Phase.values()) {
                LayerAttention attention =
                        LayerAttention.of(Geometries.problem(kv, phase, 0), policy, Optional.of(Geometries.rotary()));
                List<Op> ops = attention.plan().ops();
                boolean before = ops.stream()
                        .anyMatch(op -> op instanceof dev.filigree.api.op.Rope r
                                && r.x().name().equals("k"));
                for (Op op : ops) {
                    if (op instanceof KvAppend append) {
                        assertEquals(before, append.rotary().isEmpty());
                    }
                }
            }
        }
    }

    @Test
    void ringsHoldEverythingTheNextQuerySees() {
        for (int pageSize : new int[] {1, 2, 7, 16}) {
            for (int sink : new int[] {0, 1, 7, 16}) {
                for (int recent : new int[] {1, 2, 8, 33}) {
                    Retention.SinkAndRecent kept = new Retention.SinkAndRecent(sink, recent);
                    KvAddressing.Ring ring = KvAddressing.Ring.of(kept, pageSize);
                    HeadPattern.Streaming pattern = new HeadPattern.Streaming(sink, recent);
                    for (int p = 0; p < 200; p++) {
                        for (int key = 0; key <= p; key++) {
                            if (pattern.sees(p, key)) {
                                assertTrue(ring.isResident(key / pageSize, p / pageSize), kept + " at " + p);
                            }
                        }
                    }
                }
            }
        }
    }

    @Test
    void densePatternsOverARingAreRefused() {
        ModelGeometry geometry = ModelGeometry.of(1, 4, 2, 16);
        KvNeeds windows = KvNeeds.uniform(1, 2, HeadNeed.window(3, 9));
        KvCachePlan kv = Geometries.paged(KvPrecision.F16, PrefillReads.STORED)
                .plan(new KvCacheProblem(geometry, windows, 3, 1024, OptionalLong.empty()));
        PolicyRefusal e = assertThrows(
                PolicyRefusal.class, () -> new DensePolicy().plan(Geometries.problem(kv, Phase.DECODE, 0)));
        assertEquals(
                "dense: layer 0 has dense heads [0, 1] in cache class ring, which keeps sink 3 + recent 9 only"
                        + " (config key kvCache.policy)",
                e.getMessage());
    }

    @Test
    void aPlanThatLeavesHeadsOutIsRefused() {
        ModelGeometry geometry = ModelGeometry.of(1, 4, 2, 16);
        DensePolicy dense = new DensePolicy();
        KvCachePlan kv = Geometries.cache(geometry, dense, Geometries.paged(KvPrecision.F16, PrefillReads.STORED));
        AttentionProblem none = Geometries.problem(kv, Phase.DECODE, 0).withHeads(List.of());
        PlanException e = assertThrows(PlanException.class, () -> LayerAttention.of(none, dense, Optional.empty()));
        assertTrue(String.valueOf(e.getMessage()).contains("must say how it reads cache class full"), e::getMessage);
    }

    @Test
    void bidirectionalLayersReadTheCurrentTokensOnly() {
        ModelGeometry geometry = ModelGeometry.of(1, 4, 2, 16);
        DensePolicy dense = new DensePolicy();
        KvCachePlan kv = Geometries.cache(geometry, dense, Geometries.paged(KvPrecision.F16, PrefillReads.STORED));
        AttentionProblem p = Geometries.problem(kv, Phase.PREFILL, 0);
        AttentionProblem both = new AttentionProblem(
                p.phase(), 0, geometry, kv, p.kvHeads(), Masking.BIDIRECTIONAL, p.scale(), p.dtype(), p.capacity());
        List<Op> ops = LayerAttention.of(both, dense, Optional.of(Geometries.rotary()))
                .plan()
                .ops();
        assertEquals(
                List.of("Rope", "Rope", "DenseAttention"),
                ops.stream().map(Op::opName).toList());
        assertThrows(PolicyRefusal.class, () -> PatternPlan.of("x", both, h -> WINDOW));
    }

    @Test
    void needsCoverBothParts() {
        HeadNeed a = HeadNeed.window(4, 10);
        HeadNeed b = HeadNeed.window(2, 64);
        assertEquals(HeadNeed.window(4, 64), Needs.cover("x", a, b));
        assertEquals(HeadNeed.EVERYTHING, Needs.cover("x", a, HeadNeed.EVERYTHING));
        HeadNeed stats16 = new HeadNeed(new Retention.Everything(), 16);
        HeadNeed stats32 = new HeadNeed(new Retention.Everything(), 32);
        assertEquals(stats16, Needs.cover("x", stats16, b));
        assertThrows(PolicyRefusal.class, () -> Needs.cover("x", stats16, stats32));
    }

    @Test
    void windowsOfTheModelAreNeverExceeded() {
        OptionalInt window = OptionalInt.of(6);
        var config = new dev.filigree.policies.streaming.StreamingConfig(4, 100);
        assertEquals(new HeadPattern.Streaming(0, 6), config.pattern(window));
        assertEquals(new HeadPattern.Streaming(4, 100), config.pattern(OptionalInt.empty()));
        assertEquals(HeadNeed.window(0, 6), config.need(window));
    }
}
