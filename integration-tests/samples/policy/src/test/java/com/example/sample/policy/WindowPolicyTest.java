package com.example.sample.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.tensor.DType;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** A model of three layers, the middle one with a sliding window of its own, and a cache with a ring. */
class WindowPolicyTest {
    private static final WindowPolicy POLICY = new WindowPolicy(2, 16, 1);
    private static final ModelGeometry GEOMETRY =
            new ModelGeometry(4, 2, 8, 8, List.of(OptionalInt.empty(), OptionalInt.of(10), OptionalInt.empty()));
    private static final int FULL = 0;
    private static final int RING = 1;

    @Test
    void lowerLayersNeedTheirWindowAndUpperLayersEverything() {
        assertEquals(
                List.of(
                        Collections.nCopies(2, HeadNeed.window(2, 16)),
                        Collections.nCopies(2, HeadNeed.window(0, 10)),
                        Collections.nCopies(2, HeadNeed.EVERYTHING)),
                POLICY.kvNeeds(GEOMETRY).layers());
    }

    @Test
    void prefillGathersWhatARingHolds() {
        AttentionPlan plan = POLICY.plan(problem(Phase.PREFILL, 0));

        assertEquals(Map.of(RING, KvAccess.GATHERED), plan.access());
        var op = assertInstanceOf(StreamingAttention.class, plan.plan().ops().getFirst());
        assertEquals(new HeadPattern.Streaming(2, 16), op.pattern());
        assertEquals(List.of(0, 1), op.heads().kvHeads());
    }

    @Test
    void decodeReadsPagesEverywhere() {
        for (int layer = 0; layer < 3; layer++) {
            AttentionPlan plan = POLICY.plan(problem(Phase.DECODE, layer));

            assertEquals(Map.of(layer == 2 ? FULL : RING, KvAccess.PAGES), plan.access());
            var op = assertInstanceOf(PagedAttention.class, plan.plan().ops().getFirst());
            assertEquals(layer == 2, op.pattern().equals(HeadPattern.DENSE));
        }
    }

    @Test
    void plansTheHeadsItIsAskedForAndNoOthers() {
        AttentionPlan plan = POLICY.plan(problem(Phase.DECODE, 0).withHeads(List.of(1)));

        assertEquals(List.of(1), List.copyOf(plan.patterns().keySet()));
    }

    @Test
    void equalProblemsGiveEqualPlans() {
        assertEquals(POLICY.plan(problem(Phase.PREFILL, 2)), POLICY.plan(problem(Phase.PREFILL, 2)));
    }

    @Test
    void refusesToLookAhead() {
        AttentionProblem p = problem(Phase.PREFILL, 0);
        var refusal = assertThrows(
                PolicyRefusal.class,
                () -> POLICY.plan(new AttentionProblem(
                        p.phase(),
                        p.layer(),
                        p.geometry(),
                        p.kv(),
                        p.kvHeads(),
                        Masking.BIDIRECTIONAL,
                        p.scale(),
                        p.dtype(),
                        p.capacity())));
        assertTrue(refusal.getMessage().contains("not BIDIRECTIONAL"), refusal.getMessage());
    }

    private static AttentionProblem problem(Phase phase, int layer) {
        var windowed = new Retention.SinkAndRecent(2, 16);
        KvClass full = new KvClass(
                "full", new Retention.Everything(), KvAddressing.LINEAR, 8, KvPrecision.F16, KvPrecision.F16, 0);
        KvClass ring = new KvClass(
                "ring", windowed, KvAddressing.Ring.of(windowed, 8), 8, KvPrecision.F16, KvPrecision.F16, 0);
        List<Integer> all = List.of(0, 1);
        KvCachePlan kv = new KvCachePlan(
                "test",
                GEOMETRY,
                List.of(full, ring),
                List.of(List.of(List.of(), all), List.of(List.of(), all), List.of(all, List.of())),
                List.of(8L, 8L),
                PrefillReads.STORED);
        return AttentionProblem.of(phase, layer, kv, DType.F32, new StepCapacity(8, 1, 1, 64, 64));
    }
}
