package dev.filigree.api.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ops cost on paper, against counts written out here. */
class OpCostTest {
    private static final Dim TOKENS = Dim.upTo("numTokens", 64);
    private static final Dim SEQS = Dim.upTo("numSeqs", 8);
    private static final HeadMap HEADS = HeadMap.all(4, 2);

    private final PlanBuilder builder = new PlanBuilder("p");

    private TensorRef tensor(String name, TensorRole role, DType dtype, Dim... dims) {
        return builder.declare(name, role, dtype, dims);
    }

    private TensorRef in(String name, DType dtype, Dim... dims) {
        return tensor(name, TensorRole.INPUT, dtype, dims);
    }

    private TensorRef out(String name, DType dtype, Dim... dims) {
        return tensor(name, TensorRole.OUTPUT, dtype, dims);
    }

    private static Dim dim(String name, long size) {
        return Dim.fixed(name, size);
    }

    private Cost cost(Op op, Workload load) {
        return builder.add(op).build().cost(load);
    }

    /** 3 sequences of 5 tokens each at the end of 40; linears read each weight once. */
    private static final Workload LOAD = new Workload(3, 15, 40, 0.5);

    @Test
    void linearsReadTheirWeightOnceAndEachRow() {
        Linear linear = new Linear(
                in("x", DType.F32, TOKENS, dim("in", 6)),
                tensor("w", TensorRole.WEIGHT, DType.F16, dim("out", 10), dim("in", 6)),
                Optional.of(tensor("b", TensorRole.WEIGHT, DType.F32, dim("out", 10))),
                out("y", DType.BF16, TOKENS, dim("out", 10)));
        assertEquals(new Cost(2 * 15 * 60, 60 * 2 + 15 * 6 * 4, 15 * 10 * 2), cost(linear, LOAD));
    }

    /** The last layer reads one row per sequence. */
    @Test
    void aLinearOverSequencesCountsThese() {
        Linear linear = new Linear(
                in("x", DType.F32, SEQS, dim("in", 6)),
                tensor("w", TensorRole.WEIGHT, DType.F32, dim("out", 10), dim("in", 6)),
                Optional.empty(),
                out("y", DType.F32, SEQS, dim("out", 10)));
        assertEquals(new Cost(2 * 3 * 60, 60 * 4 + 3 * 6 * 4, 3 * 10 * 4), cost(linear, LOAD));
    }

    @Test
    void lowBitLinearsReadHalfAByteAnElement() {
        LowBitLinear linear = new LowBitLinear(
                QuantFormat.INT4_G64,
                Optional.empty(),
                in("x", DType.F16, TOKENS, dim("in", 128)),
                Optional.empty(),
                Optional.empty(),
                tensor("w", TensorRole.WEIGHT, DType.I4, dim("out", 10), dim("in", 128)),
                tensor("s", TensorRole.WEIGHT, DType.F16, dim("out", 10), dim("groups", 2)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                out("y", DType.F32, TOKENS, dim("out", 10)));
        assertEquals(new Cost(2 * 15 * 1280, 1280 / 2 + 20 * 2 + 15 * 128 * 2, 15 * 10 * 4), cost(linear, LOAD));
    }

    @Test
    void adaptersCostTwoThinProducts() {
        LoraApply adapters = new LoraApply(
                in("x", DType.F32, TOKENS, dim("in", 6)),
                List.of(
                        in("d0", DType.F32, dim("r0", 2), dim("in", 6)),
                        in("d1", DType.F32, dim("r1", 3), dim("in", 6))),
                List.of(
                        in("u0", DType.F32, dim("out", 10), dim("r0", 2)),
                        in("u1", DType.F32, dim("out", 10), dim("r1", 3))),
                in("s", DType.F32, dim("adapters", 2)),
                tensor("y", TensorRole.STATE, DType.F32, TOKENS, dim("out", 10)));
        assertEquals(new Cost(15 * 2 * (2 + 3) * 16, 15 * (6 + 10) * 4, 15 * 10 * 4), cost(adapters, LOAD));
    }

    private StreamingAttention streaming(int sink, int recent) {
        return new StreamingAttention(
                HEADS,
                new HeadPattern.Streaming(sink, recent),
                1,
                in("q", DType.F16, TOKENS, dim("heads", 4), dim("dim", 8)),
                in("k", DType.F16, Dim.upTo("numKvTokens", 64), dim("kvHeads", 2), dim("dim", 8)),
                in("v", DType.F16, Dim.upTo("numKvTokens", 64), dim("kvHeads", 2), dim("dim", 8)),
                in("qo", DType.I32, SEQS.plusOne()),
                in("ko", DType.I32, SEQS.plusOne()),
                Optional.empty(),
                Optional.empty(),
                out("out", DType.F32, TOKENS, dim("heads", 4), dim("dim", 8)),
                out("lse", DType.F32, TOKENS, dim("heads", 4)));
    }

    /** Each of 15 queries sees 10 keys in 4 heads; each sequence reads the window and its own tokens in 2 heads. */
    @Test
    void streamingHeadsCostTheirWindow() {
        double pairs = 15 * 10;
        assertEquals(
                new Cost(2 * pairs * 16 * 4, 15 * 4 * 8 * 2 + 3 * (10 + 5) * 2 * (8 + 8) * 2, 15 * (4 * 8 * 4 + 4 * 4)),
                cost(streaming(2, 8), LOAD));
    }

    /** Pairs are those that counting gives, for windows within and beyond what is there. */
    @ParameterizedTest
    @CsvSource({"1,1,1", "2,6,9", "3,15,40", "1,7,7", "4,4,12"})
    void pairsAreCounted(int numSeqs, int numTokens, int context) {
        Workload load = new Workload(numSeqs, numTokens, context, 1);
        int perSeq = numTokens / numSeqs;
        for (int visible : new int[] {0, 1, 3, context - 1, context, context + 5}) {
            long causal = 0;
            long seen = 0;
            for (int i = 0; i < perSeq; i++) {
                int keys = context - perSeq + i + 1;
                causal += keys;
                seen += Math.min(keys, visible);
            }
            assertEquals(numSeqs * causal, load.causalPairs(), 1e-9);
            assertEquals(numSeqs * seen, load.pairsUpTo(visible), 1e-9, "at most " + visible);
        }
        assertEquals(0, new Workload(0, 0, context, 1).causalPairs());
        assertEquals(0, new Workload(0, 0, context, 1).pairsUpTo(4));
    }

    /** One product of two stripes stands for stride pairs of tokens, a block mass for blockSize squared. */
    @Test
    void antidiagonalsCostOneScoreInStride() {
        AntidiagonalScore score = new AntidiagonalScore(
                HEADS,
                Masking.CAUSAL,
                1,
                16,
                4,
                1,
                AntidiagonalScore.Residues.ANTIDIAGONAL,
                in("q", DType.F16, TOKENS, dim("heads", 4), dim("dim", 8)),
                in("k", DType.F16, Dim.upTo("numKvTokens", 64), dim("kvHeads", 2), dim("dim", 8)),
                in("qo", DType.I32, SEQS.plusOne()),
                in("ko", DType.I32, SEQS.plusOne()),
                in("bo", DType.I32, SEQS.plusOne()),
                out("mass", DType.F32, Dim.upTo("numQBlocks", 9), dim("heads", 4), dim("blocks", 9)));
        double pairs = LOAD.causalPairs();
        assertEquals(
                new Cost(2 * pairs / 4 * 8 * 4, 15 * 4 * 8 * 2 + 3 * 40 * 8 * 2 * 2, 4 * pairs / 256 * 4),
                cost(score, LOAD));
    }

    private KvPages pages() {
        KvPageLayout layout = new KvPageLayout(2, 16, 8, 8, KvPrecision.F16, KvPrecision.F16, 4);
        return new KvPages(
                layout,
                KvAddressing.LINEAR,
                tensor("pages", TensorRole.STATE, DType.U8, dim("n", 9), dim("b", layout.pageBytes())),
                in("table", DType.I32, SEQS, dim("columns", 9)));
    }

    /** Appending writes a token's share of a page; statistics read keys and write an entry per logical page. */
    @Test
    void pagesCostTheirShareOfATokenEach() {
        KvPages pages = pages();
        KvAppend append = new KvAppend(
                HeadMap.all(4, 2),
                pages,
                Optional.empty(),
                in("k", DType.F32, TOKENS, dim("kvHeads", 2), dim("dim", 8)),
                in("v", DType.F32, TOKENS, dim("kvHeads", 2), dim("dim", 8)),
                in("qo", DType.I32, SEQS.plusOne()),
                in("positions", DType.I32, TOKENS));
        double pageBytes = pages.layout().pageBytes();
        assertEquals(new Cost(8.0 * 8 * 2 * 15, 15 * 2 * (2 * 8 * 4), 15 * pageBytes / 16), cost(append, LOAD));
    }

    @Test
    void statisticsReadEachKeyOnce() {
        PageStats stats = new PageStats(pages(), in("from", DType.I32, SEQS), in("lengths", DType.I32, SEQS));
        double keys = 15 * 2 * 8;
        assertEquals(new Cost(2 * keys, keys * 2, 4 * keys / 4), cost(stats, LOAD));
    }

    /** A list that serves four steps costs a quarter of its choice in each. */
    @Test
    void sharedListsCostAShare() {
        for (int reuse : new int[] {1, 4}) {
            PlanBuilder fresh = new PlanBuilder("p" + reuse);
            Dim lists = dim("lists", 4);
            PageChoice choice = new PageChoice(
                    fresh.declare("counts", TensorRole.OUTPUT, DType.I32, SEQS, lists),
                    fresh.declare("chosen", TensorRole.OUTPUT, DType.I32, SEQS, lists, dim("maxPages", 5)),
                    fresh.declare("slots", TensorRole.INPUT, DType.I32, SEQS),
                    PageChoice.SelectionScope.QUERY_HEAD);
            PageSelect select = new PageSelect(
                    HEADS,
                    5,
                    1,
                    16,
                    reuse,
                    fresh.declare("scores", TensorRole.INPUT, DType.F32, SEQS, lists, dim("pages", 9)),
                    fresh.declare("lengths", TensorRole.INPUT, DType.I32, SEQS),
                    choice);
            double scanned = 3 * 4 * 40 / 16.0 / reuse;
            assertEquals(
                    new Cost(2 * scanned, 4 * scanned, 3 * 4 * 5 * 4.0 / reuse),
                    fresh.add(select).build().cost(LOAD));
        }
    }
}
