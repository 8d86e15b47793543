package dev.filigree.conformance.rates;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Prefill of one layer, head dim 128, one sequence. */
final class AttentionRates {
    private static final int DIM = 128;
    private static final int QO_HEADS = 32;
    private static final int BLOCK = 128;
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
}
