package dev.filigree.conformance.rates;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageReuse;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Decode of one token per sequence: 32 query heads on 8 KV heads of 128 channels, bf16, pages of 64 tokens in mixed order. */
final class DecodeRates {
    private static final int DIM = 128;
    private static final int QO_HEADS = 32;
    private static final int KV_HEADS = 8;
    private static final int PAGE = 64;
    private static final float SCALE = (float) (1 / Math.sqrt(DIM));
    /** What the streaming heads of LServe's step keep, in tokens. */
    private static final HeadPattern.Streaming WINDOW = new HeadPattern.Streaming(64, 256);

    private static final int LOGICAL_PAGE = 16;
    private static final int REUSE = 4;

    private final TimedPlan timed;

    DecodeRates(TimedPlan timed) {
        this.timed = timed;
    }

    /** Pages of that many tokens. */
    static int pagesOf(int tokens) {
        return tokens / PAGE;
    }

    /** A plan under way, with its integers. */
    private static final class Step {
        final PlanBuilder builder = new PlanBuilder("rates.decode");
        final Map<TensorRef, int[]> integers = new HashMap<>();
        final int batch;
        final int context;
        final Dim numSeqs;
        final TensorRef q;
        final TensorRef offsets;
        final TensorRef lengths;
        final TensorRef out;
        final TensorRef lse;

        Step(int batch, int context) {
            this.batch = batch;
            this.context = context;
            numSeqs = Dim.fixed("numSeqs", batch);
            Dim h = Dim.fixed("numQoHeads", QO_HEADS);
            Dim d = Dim.fixed("headDim", DIM);
            q = builder.declare("q", TensorRole.INPUT, DType.BF16, numSeqs, h, d);
            offsets = builder.declare("qOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", batch + 1));
            lengths = builder.declare("kvLengths", TensorRole.INPUT, DType.I32, numSeqs);
            out = builder.declare("out", TensorRole.OUTPUT, DType.BF16, numSeqs, h, d);
            lse = builder.declare("lse", TensorRole.OUTPUT, DType.F32, numSeqs, h);
            integers.put(offsets, IntStream.rangeClosed(0, batch).toArray());
            int[] all = new int[batch];
            Arrays.fill(all, context);
            integers.put(lengths, all);
        }

        KvPages pages(String name, KvPageLayout layout, KvAddressing addressing, int columns) {
            int numPages = batch * columns;
            TensorRef pages = builder.declare(
                    name + ".pages",
                    TensorRole.STATE,
                    DType.U8,
                    Dim.fixed(name + ".numPages", numPages),
                    Dim.fixed(name + ".pageBytes", layout.pageBytes()));
            TensorRef table = builder.declare(
                    name + ".pageTable",
                    TensorRole.INPUT,
                    DType.I32,
                    numSeqs,
                    Dim.fixed(name + ".numColumns", columns));
            int[] ids = new int[numPages];
            Arrays.setAll(ids, i -> (int) (i * 7919L % numPages));
            integers.put(table, ids);
            return new KvPages(layout, addressing, pages, table);
        }

        /** Lists of evenly spaced pages, the newest among them. */
        PageChoice choice(PageChoice.SelectionScope scope, int chosen, int room) {
            int numLists = scope.numLists(QO_HEADS, KV_HEADS);
            int numPages = pagesOf(context);
            Dim slot = Dim.fixed("numSlots", batch);
            Dim lists = Dim.fixed("numLists", numLists);
            TensorRef counts = builder.declare("counts", TensorRole.STATE, DType.I32, slot, lists);
            TensorRef pages =
                    builder.declare("chosen", TensorRole.STATE, DType.I32, slot, lists, Dim.fixed("maxChosen", room));
            TensorRef slots = builder.declare("slots", TensorRole.INPUT, DType.I32, numSeqs);
            int[] count = new int[batch * numLists];
            int[] all = new int[count.length * room];
            Arrays.fill(count, chosen);
            Arrays.setAll(all, i -> (int) ((i % room + 1L) * numPages / chosen) - 1);
            integers.put(counts, count);
            integers.put(pages, all);
            integers.put(slots, IntStream.range(0, batch).toArray());
            return new PageChoice(counts, pages, slots, scope);
        }

        void attend(HeadMap heads, HeadPattern pattern, KvPages kv, Optional<PageChoice> choice) {
            builder.add(new PagedAttention(heads, pattern, SCALE, kv, q, offsets, lengths, choice, out, lse));
        }
    }

    /**
     * One attention op.
     *
     * @param context tokens in the cache of each sequence
     * @param chosenPages pages that each group of query heads reads, in even steps; 0: all
     * @return microseconds, and GB/s of the pages read
     */
    double[] decode(int batch, int context, KvPrecision precision, int chosenPages) {
        Step step = new Step(batch, context);
        int numPages = pagesOf(context);
        KvPageLayout layout = new KvPageLayout(KV_HEADS, PAGE, DIM, DIM, precision, precision, 0);
        KvPages kv = step.pages("kv", layout, new KvAddressing.Linear(), numPages);
        Optional<PageChoice> choice = chosenPages == 0
                ? Optional.empty()
                : Optional.of(step.choice(PageChoice.SelectionScope.KV_GROUP, chosenPages, chosenPages));
        step.attend(HeadMap.all(QO_HEADS, KV_HEADS), HeadPattern.DENSE, kv, choice);
        double seconds = timed.seconds(step.builder.build(), step.integers);
        double bytes = (double) batch * layout.pageBytes() * (chosenPages == 0 ? numPages : chosenPages);
        return new double[] {seconds * 1e6, bytes / seconds / 1e9};
    }

    /**
     * LServe's step: half of the KV heads stream, the others choose pages of a budget every {@value #REUSE} steps (LServe section 3).
     *
     * @return microseconds of a step that chooses, of one that reuses lists, and of the mean step
     */
    double[] lserve(int batch, int context, int budget, KvPrecision precision, PageChoice.SelectionScope scope) {
        double choosing = lserve(batch, context / REUSE * REUSE, context, budget, precision, scope);
        double reusing = lserve(batch, context / REUSE * REUSE - 1, context, budget, precision, scope);
        return new double[] {choosing, reusing, (choosing + (REUSE - 1) * reusing) / REUSE};
    }

    private double lserve(
            int batch, int length, int context, int budget, KvPrecision precision, PageChoice.SelectionScope scope) {
        Step step = new Step(batch, context);
        Arrays.fill(step.integers.get(step.lengths), length);
        int half = KV_HEADS / 2;
        KvPageLayout chosen = new KvPageLayout(half, PAGE, DIM, DIM, precision, precision, LOGICAL_PAGE);
        KvPageLayout window = new KvPageLayout(half, PAGE, DIM, DIM, precision, precision, 0);
        KvPages linear = step.pages("chosen", chosen, new KvAddressing.Linear(), pagesOf(context));
        int ringPages = Math.ceilDiv(WINDOW.recent() - 1, PAGE) + 1;
        KvAddressing ring = new KvAddressing.Ring(WINDOW.sink() / PAGE, ringPages);
        KvPages stream = step.pages("window", window, ring, WINDOW.sink() / PAGE + ringPages);
        List<Integer> choosers = IntStream.range(0, half).boxed().toList();
        List<Integer> streamers = IntStream.range(half, KV_HEADS).boxed().toList();
        HeadMap choosing = HeadMap.byRank(QO_HEADS, KV_HEADS, choosers, choosers);
        HeadMap streaming = HeadMap.byRank(QO_HEADS, KV_HEADS, streamers, streamers);
        int pages = pagesOf(budget);
        PageChoice choice = step.choice(scope, pages, pages + 1);
        TensorRef scores = step.builder.temp(
                "scores",
                DType.F32,
                step.numSeqs,
                Dim.fixed("numLists", scope.numLists(QO_HEADS, KV_HEADS)),
                Dim.fixed("maxPages", pagesOf(context)));
        Optional<PageReuse> reuse = Optional.of(new PageReuse(pages, REUSE, choice));
        step.builder.add(new PageScore(choosing, scope, linear, step.q, step.lengths, scores, reuse));
        step.builder.add(new PageSelect(choosing, pages, 1, PAGE, REUSE, scores, step.lengths, choice));
        step.attend(choosing, HeadPattern.DENSE, linear, Optional.of(choice));
        step.attend(streaming, WINDOW, stream, Optional.empty());
        return timed.seconds(step.builder.build(), step.integers) * 1e6;
    }

    /** Precisions that decode is timed over. */
    static List<KvPrecision> precisions() {
        return List.of(KvPrecision.BF16, KvPrecision.F16, KvPrecision.INT8, KvPrecision.INT4);
    }
}
