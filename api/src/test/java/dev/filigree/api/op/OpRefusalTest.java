package dev.filigree.api.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.Strides;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Tensors that do not fit an op are refused when the plan is made, in a sentence that names op and tensor. */
class OpRefusalTest {
    private static final Dim TOKENS = Dim.upTo("numTokens", 64);
    private static final Dim SEQS = Dim.upTo("numSeqs", 8);
    private static final HeadMap HEADS = HeadMap.all(4, 2);
    private static final TensorRef SOME = new TensorRef("some");

    private final PlanBuilder builder = new PlanBuilder("p");

    private TensorRef in(String name, DType dtype, Dim... dims) {
        return builder.declare(name, TensorRole.INPUT, dtype, dims);
    }

    private TensorRef out(String name, DType dtype, Dim... dims) {
        return builder.declare(name, TensorRole.OUTPUT, dtype, dims);
    }

    private static Dim dim(String name, long size) {
        return Dim.fixed(name, size);
    }

    private static String refusal(Executable made) {
        return String.valueOf(assertThrows(PlanException.class, made).getMessage());
    }

    private void refused(Op op, String... parts) {
        if (op.inputs().contains(SOME)) {
            in(SOME.name(), DType.I32, SEQS.plusOne());
        }
        String sentence = refusal(() -> builder.add(op).build());
        assertTrue(sentence.startsWith(op.getClass().getSimpleName() + ": "), sentence);
        for (String part : parts) {
            assertTrue(sentence.contains(part), sentence);
        }
    }

    @Test
    void recordsRefuseWhatCannotBe() {
        assertEquals(
                "LoraApply: needs as many ups as downs and at least one, not 1 and 0",
                refusal(() -> new LoraApply(SOME, List.of(), List.of(SOME), SOME, SOME)));
        assertEquals(
                "LoraApply: needs as many ups as downs and at least one, not 0 and 0",
                refusal(() -> new LoraApply(SOME, List.of(), List.of(), SOME, SOME)));
        assertEquals(
                "MergeStates: needs as many lses as outs and at least one, not 2 and 1",
                refusal(() -> new MergeStates(List.of(SOME, SOME), List.of(SOME), SOME, SOME)));
        PageChoice choice = new PageChoice(SOME, SOME, SOME, PageChoice.SelectionScope.KV_GROUP);
        assertEquals(
                "PageSelect: budgetPages must be at least sinkPages + 1 = 3, not 2",
                refusal(() -> new PageSelect(HEADS, 2, 2, 16, 1, SOME, SOME, choice)));
        assertEquals(
                "PageSelect: reuseInterval must be 1 or more, not 0",
                refusal(() -> new PageSelect(HEADS, 4, 2, 16, 0, SOME, SOME, choice)));
        assertEquals(
                "LowBitLinear: xScales must be given exactly if x holds codes",
                refusal(() -> new LowBitLinear(
                        QuantFormat.INT8_ROW,
                        Optional.of(QuantFormat.INT8_ROW),
                        SOME,
                        Optional.empty(),
                        Optional.empty(),
                        SOME,
                        SOME,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        SOME)));
        for (int stride : new int[] {0, 3, 32}) {
            assertEquals(
                    "AntidiagonalScore: stride must divide blockSize 16, not " + stride,
                    refusal(() -> score(stride, SOME, SOME, SOME)));
        }
    }

    private static AntidiagonalScore score(int stride, TensorRef q, TensorRef k, TensorRef mass) {
        AntidiagonalScore.Residues residues = AntidiagonalScore.Residues.ALTERNATING;
        return new AntidiagonalScore(HEADS, Masking.CAUSAL, 1, 16, stride, 1, residues, q, k, SOME, SOME, SOME, mass);
    }

    @Test
    void aLinearNeedsAFixedWeightThatFits() {
        TensorRef x = in("x", DType.F32, TOKENS, dim("in", 6));
        TensorRef y = out("y", DType.F32, TOKENS, dim("out", 10));
        TensorRef grows = in("w", DType.F32, Dim.upTo("numRows", 10), dim("in", 6));
        refused(new Linear(x, grows, Optional.empty(), y), "tensor w", "must have fixed axes");
    }

    @Test
    void aBiasHasTheOutputsLength() {
        TensorRef x = in("x", DType.F32, TOKENS, dim("in", 6));
        TensorRef y = out("y", DType.F32, TOKENS, dim("out", 10));
        TensorRef w = in("w", DType.F32, dim("out", 10), dim("in", 6));
        refused(new Linear(x, w, Optional.of(in("b", DType.F32, dim("out", 9))), y), "tensor b", "10");
    }

    @Test
    void rowsOfALinearAreThoseOfItsWeight() {
        TensorRef y = out("y", DType.F32, TOKENS, dim("out", 10));
        TensorRef w = in("w", DType.F32, dim("out", 10), dim("in", 6));
        refused(new Linear(in("x", DType.F32, TOKENS, dim("in", 7)), w, Optional.empty(), y), "tensor x", "6");
    }

    @Test
    void keysHaveTheQueriesDimsAndEnoughHeads() {
        TensorRef q = in("q", DType.F32, TOKENS, dim("heads", 4), dim("dim", 8));
        TensorRef mass = out("mass", DType.F32, Dim.upTo("numQBlocks", 9), dim("heads", 4), dim("blocks", 9));
        refused(score(4, q, in("k", DType.F32, TOKENS, dim("kvHeads", 2), dim("dim", 7)), mass), "tensor k", "8");
    }

    @Test
    void slotsLieWithinTheKeys() {
        TensorRef q = in("q", DType.F32, TOKENS, dim("heads", 4), dim("dim", 8));
        TensorRef mass = out("mass", DType.F32, Dim.upTo("numQBlocks", 9), dim("heads", 4), dim("blocks", 9));
        refused(
                score(4, q, in("k", DType.F32, TOKENS, dim("kvHeads", 1), dim("dim", 8)), mass),
                "KV slot 1 must be below the head axis of tensor k");
    }

    @Test
    void aChannelAxisIsDense() {
        TensorRef q = builder.declare(new TensorDecl(
                new TensorRef("q"),
                TensorRole.INPUT,
                DType.F32,
                List.of(TOKENS, dim("heads", 4), dim("dim", 8)),
                Strides.of(64, 16, 2)));
        TensorRef mass = out("mass", DType.F32, Dim.upTo("numQBlocks", 9), dim("heads", 4), dim("blocks", 9));
        TensorRef k = in("k", DType.F32, TOKENS, dim("kvHeads", 2), dim("dim", 8));
        refused(score(4, q, k, mass), "the innermost axis of tensor q", "must have stride 1");
    }

    private KvPages pages(int logicalPageSize) {
        KvPageLayout layout = new KvPageLayout(2, 16, 8, 8, KvPrecision.F16, KvPrecision.F16, logicalPageSize);
        return new KvPages(
                layout,
                KvAddressing.LINEAR,
                builder.declare("pages", TensorRole.STATE, DType.U8, dim("n", 9), dim("b", layout.pageBytes())),
                in("table", DType.I32, SEQS, dim("columns", 9)));
    }

    @Test
    void recomputedStatisticsNeedRoomInThePages() {
        TensorRef lengths = in("lengths", DType.I32, SEQS);
        refused(new PageStats(pages(0), lengths, lengths), "must have statistics");
    }

    @Test
    void scoresNeedStatistics() {
        TensorRef q = in("q", DType.F32, SEQS, dim("heads", 4), dim("dim", 8));
        refused(
                new PageScore(
                        HEADS,
                        PageChoice.SelectionScope.QUERY_HEAD,
                        pages(0),
                        q,
                        in("lengths", DType.I32, SEQS),
                        out("scores", DType.F32, SEQS, dim("lists", 4), dim("pages", 9))),
                "must have statistics");
    }

    @Test
    void pagesServeTheirOwnHeadDim() {
        TensorRef q = in("q", DType.F32, SEQS, dim("heads", 4), dim("dim", 6));
        refused(
                new PageScore(
                        HEADS,
                        PageChoice.SelectionScope.QUERY_HEAD,
                        pages(4),
                        q,
                        in("lengths", DType.I32, SEQS),
                        out("scores", DType.F32, SEQS, dim("lists", 4), dim("pages", 9))),
                "pages of head dims 8 and 8 cannot serve head dims 6 and 8");
    }

    @Test
    void scoresHaveTheListsOfTheSelectionThatReadsThem() {
        TensorRef q = in("q", DType.F32, SEQS, dim("heads", 4), dim("dim", 8));
        Dim lists = dim("lists", 2);
        PageChoice choice = new PageChoice(
                out("counts", DType.I32, SEQS, lists),
                out("chosen", DType.I32, SEQS, lists, dim("maxPages", 5)),
                in("slots", DType.I32, SEQS),
                PageChoice.SelectionScope.KV_GROUP);
        refused(
                new PageScore(
                        HEADS,
                        PageChoice.SelectionScope.QUERY_HEAD,
                        pages(4),
                        q,
                        in("lengths", DType.I32, SEQS),
                        out("scores", DType.F32, SEQS, dim("qoLists", 4), dim("pages", 9)),
                        Optional.of(new PageReuse(5, 4, choice))),
                "scores must have the lists of the selection, KV_GROUP, not QUERY_HEAD");
    }
}
