package dev.filigree.api.op;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PagedAttentionCheckTest {
    private static final KvPageLayout LAYOUT = new KvPageLayout(1, 4, 2, 2, KvPrecision.F16, KvPrecision.F16, 0);

    private static Plan plan(HeadMap heads, HeadPattern pattern, KvAddressing addressing) {
        PlanBuilder builder = new PlanBuilder("p");
        Dim numSeqs = Dim.upTo("numSeqs", 2);
        Dim numHeads = Dim.fixed("numQoHeads", 1);
        Dim headDim = Dim.fixed("headDim", 2);
        KvPages kv = new KvPages(
                LAYOUT,
                addressing,
                builder.declare(
                        "pages", TensorRole.STATE, DType.U8, Dim.fixed("n", 9), Dim.fixed("b", LAYOUT.pageBytes())),
                builder.declare("table", TensorRole.INPUT, DType.I32, numSeqs, Dim.fixed("columns", 4)));
        return builder.add(new PagedAttention(
                        heads,
                        pattern,
                        1,
                        kv,
                        builder.declare("q", TensorRole.INPUT, DType.F32, numSeqs, numHeads, headDim),
                        builder.declare("qo", TensorRole.INPUT, DType.I32, numSeqs.plusOne()),
                        builder.declare("lengths", TensorRole.INPUT, DType.I32, numSeqs),
                        Optional.empty(),
                        builder.declare("out", TensorRole.OUTPUT, DType.F32, numSeqs, numHeads, headDim),
                        builder.declare("lse", TensorRole.OUTPUT, DType.F32, numSeqs, numHeads)))
                .build();
    }

    @Test
    void aRingServesOnlyPatternsItRetains() {
        HeadMap all = HeadMap.all(1, 1);
        KvAddressing ring = new KvAddressing.Ring(1, 3); // sink of 4, window of 9 tokens
        assertDoesNotThrow(() -> plan(all, new HeadPattern.Streaming(4, 9), ring));
        assertDoesNotThrow(() -> plan(all, HeadPattern.DENSE, KvAddressing.LINEAR));
        assertEquals(
                "PagedAttention: pattern streaming(sink=4, recent=10) must lie within what ring(1+3) of pages(1x4x(2 f16 + 2"
                        + " f16), ring(1+3), table table) retains",
                assertThrows(PlanException.class, () -> plan(all, new HeadPattern.Streaming(4, 10), ring))
                        .getMessage());
        assertThrows(PlanException.class, () -> plan(all, new HeadPattern.Streaming(5, 1), ring));
        assertThrows(PlanException.class, () -> plan(all, HeadPattern.DENSE, ring));
    }

    @Test
    void slotsLieWithinThePage() {
        HeadMap second = HeadMap.byHead(1, 1, List.of(0));
        assertDoesNotThrow(() -> plan(second, HeadPattern.DENSE, KvAddressing.LINEAR));
        HeadMap outside = new HeadMap(1, 1, List.of(0), List.of(1));
        assertEquals(
                "PagedAttention: KV slot 1 must be below the 1 heads of pages(1x4x(2 f16 + 2 f16), linear, table table)",
                assertThrows(PlanException.class, () -> plan(outside, HeadPattern.DENSE, KvAddressing.LINEAR))
                        .getMessage());
    }
}
