package dev.filigree.conformance.rates;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Prefill and decode of one layer, head dim 128, one sequence. */
final class AttentionRates {
    private static final int DIM = 128;
    private static final int QO_HEADS = 32;
    private static final int BLOCK = 128;
    private static final int PAGE = 64;
    private static final float SCALE = (float) (1 / Math.sqrt(DIM));

    private final TimedPlan timed;

    AttentionRates(TimedPlan timed) {
        this.timed = timed;
    }

    /** Tensors of a prefill over keys and values side by side, every head with its own. */
    private static final class Prefill {
        final PlanBuilder builder = new PlanBuilder("rates.prefill");
        final HeadMap heads = HeadMap.all(QO_HEADS, QO_HEADS);
        final Map<TensorRef, int[]> integers = new HashMap<>();
        final TensorRef q;
        final TensorRef k;
        final TensorRef v;
        final TensorRef offsets;
        final TensorRef out;
        final TensorRef lse;

        Prefill(int numTokens) {
            Dim tokens = Dim.fixed("numTokens", numTokens);
            Dim h = Dim.fixed("numQoHeads", QO_HEADS);
            Dim d = Dim.fixed("headDim", DIM);
            q = builder.declare("q", TensorRole.INPUT, DType.BF16, tokens, h, d);
            k = builder.declare("k", TensorRole.INPUT, DType.BF16, tokens, h, d);
            v = builder.declare("v", TensorRole.INPUT, DType.BF16, tokens, h, d);
            offsets = builder.declare("offsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", 2));
            out = builder.declare("out", TensorRole.OUTPUT, DType.BF16, tokens, h, d);
            lse = builder.declare("lse", TensorRole.OUTPUT, DType.F32, tokens, h);
            integers.put(offsets, new int[] {0, numTokens});
        }
    }

    /** Dense causal prefill; TFLOP/s of the causal half. */
    double dense(int numTokens) {
        Prefill p = new Prefill(numTokens);
        p.builder.add(
                new DenseAttention(p.heads, Masking.CAUSAL, SCALE, p.q, p.k, p.v, p.offsets, p.offsets, p.out, p.lse));
        double pairs = numTokens * (numTokens + 1.0) / 2;
        return 4 * pairs * DIM * QO_HEADS / timed.seconds(p.builder.build(), p.integers) / 1e12;
    }

    /** Block-sparse prefill of random blocks, diagonal and first column kept; TFLOP/s of the blocks visited. */
    double sparse(int numTokens, double density) {
        Prefill p = new Prefill(numTokens);
        int rows = numTokens / BLOCK;
        Dim blockRows = Dim.fixed("numQBlocks", rows);
        Dim h = Dim.fixed("numQoHeads", QO_HEADS);
        TensorRef blocks = p.builder.declare("qBlockOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", 2));
        TensorRef counts = p.builder.declare("blockCounts", TensorRole.INPUT, DType.I32, blockRows, h);
        TensorRef indices = p.builder.declare(
                "blockIndices", TensorRole.INPUT, DType.I32, blockRows, h, Dim.fixed("maxKvBlocks", rows));
        int[] count = new int[rows * QO_HEADS];
        int[] index = new int[rows * QO_HEADS * rows];
        double pairs = choose(rows, density, count, index);
        p.integers.put(blocks, new int[] {0, rows});
        p.integers.put(counts, count);
        p.integers.put(indices, index);
        p.builder.add(new BlockSparseAttention(
                p.heads,
                Masking.CAUSAL,
                SCALE,
                BLOCK,
                p.q,
                p.k,
                p.v,
                p.offsets,
                p.offsets,
                blocks,
                counts,
                indices,
                p.out,
                p.lse));
        return 4 * pairs * DIM / timed.seconds(p.builder.build(), p.integers) / 1e12;
    }

    /** Fills lists; returns the pairs of query and key that they hold, over all heads. */
    private static double choose(int rows, double density, int[] count, int[] index) {
        Random random = new Random(7);
        double pairs = 0;
        for (int row = 0; row < rows; row++) {
            for (int head = 0; head < QO_HEADS; head++) {
                int list = row * QO_HEADS + head;
                for (int block = 0; block <= row; block++) {
                    if (block == 0 || block == row || random.nextDouble() < density) {
                        index[list * rows + count[list]++] = block;
                        pairs += block == row ? BLOCK * (BLOCK + 1.0) / 2 : (double) BLOCK * BLOCK;
                    }
                }
            }
        }
        return pairs;
    }

    /**
     * Decode of one token over 8 KV heads.
     *
     * @param context tokens in the cache
     * @param chosenPages pages that each query head reads, in even steps; 0: all
     * @param layers caches read one after the other in a run
     * @return microseconds, and GB/s of the pages read
     */
    double[] decode(int context, KvPrecision precision, int chosenPages, int layers) {
        int kvHeads = QO_HEADS / 4;
        int numPages = context / PAGE;
        PlanBuilder b = new PlanBuilder("rates.decode");
        Dim one = Dim.fixed("numSeqs", 1);
        Dim h = Dim.fixed("numQoHeads", QO_HEADS);
        KvPageLayout layout = new KvPageLayout(kvHeads, PAGE, DIM, DIM, precision, precision, 0);
        TensorRef q = b.declare("q", TensorRole.INPUT, DType.BF16, one, h, Dim.fixed("headDim", DIM));
        TensorRef table = b.declare("pageTable", TensorRole.INPUT, DType.I32, one, Dim.fixed("numColumns", numPages));
        TensorRef offsets = b.declare("qOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", 2));
        TensorRef lengths = b.declare("kvLengths", TensorRole.INPUT, DType.I32, one);
        Map<TensorRef, int[]> integers = new HashMap<>();
        int[] ids = new int[numPages];
        java.util.Arrays.setAll(ids, i -> (int) (i * 7919L % numPages));
        integers.put(table, ids);
        integers.put(offsets, new int[] {0, 1});
        integers.put(lengths, new int[] {context});
        Optional<PageChoice> choice =
                chosenPages == 0 ? Optional.empty() : Optional.of(choice(b, integers, numPages, chosenPages));
        for (int layer = 0; layer < layers; layer++) {
            Dim poolPages = Dim.fixed("numPages", numPages);
            Dim pageBytes = Dim.fixed("pageBytes", layout.pageBytes());
            TensorRef pages = b.declare("pages" + layer, TensorRole.STATE, DType.U8, poolPages, pageBytes);
            KvPages kv = new KvPages(layout, new KvAddressing.Linear(), pages, table);
            HeadMap heads = HeadMap.all(QO_HEADS, kvHeads);
            Dim headDim = Dim.fixed("headDim", DIM);
            TensorRef out = b.declare("out" + layer, TensorRole.OUTPUT, DType.BF16, one, h, headDim);
            TensorRef lse = b.declare("lse" + layer, TensorRole.OUTPUT, DType.F32, one, h);
            b.add(new PagedAttention(heads, HeadPattern.DENSE, SCALE, kv, q, offsets, lengths, choice, out, lse));
        }
        double seconds = timed.seconds(b.build(), integers);
        double bytes = (double) layers * layout.pageBytes() * (chosenPages == 0 ? numPages : chosenPages);
        return new double[] {seconds * 1e6, bytes / seconds / 1e9};
    }

    private static PageChoice choice(PlanBuilder b, Map<TensorRef, int[]> integers, int numPages, int chosen) {
        Dim slot = Dim.fixed("numSlots", 1);
        Dim lists = Dim.fixed("numLists", QO_HEADS / 4);
        TensorRef counts = b.declare("counts", TensorRole.STATE, DType.I32, slot, lists);
        TensorRef pages = b.declare("chosen", TensorRole.STATE, DType.I32, slot, lists, Dim.fixed("maxChosen", chosen));
        TensorRef slots = b.declare("slots", TensorRole.INPUT, DType.I32, Dim.fixed("numSeqs", 1));
        int[] count = new int[QO_HEADS / 4];
        int[] all = new int[count.length * chosen];
        java.util.Arrays.fill(count, chosen);
        java.util.Arrays.setAll(all, i -> (int) ((long) (i % chosen) * numPages / chosen));
        integers.put(counts, count);
        integers.put(pages, all);
        integers.put(slots, new int[] {0});
        return new PageChoice(counts, pages, slots, PageChoice.SelectionScope.KV_GROUP);
    }

    /** The page sizes of the lists above in pages. */
    static int pagesOf(int tokens) {
        return tokens / PAGE;
    }

    /** Precisions that decode is timed over. */
    static List<KvPrecision> precisions() {
        return List.of(KvPrecision.F16, KvPrecision.INT8, KvPrecision.INT4);
    }
}
