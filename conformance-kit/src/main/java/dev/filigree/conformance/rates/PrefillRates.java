package dev.filigree.conformance.rates;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Prefill of one layer: one causal sequence, bf16, 32 query heads on 8 KV heads of 128 channels. */
final class PrefillRates {
    static final int QO_HEADS = 32;
    static final int KV_HEADS = 8;
    static final int DIM = 128;
    static final float SCALE = (float) (1 / Math.sqrt(DIM));
    private static final int BLOCK = 128;

    private final TimedPlan timed;

    PrefillRates(TimedPlan timed) {
        this.timed = timed;
    }

    /** Tensors of a prefill over keys and values side by side. */
    private static final class Tensors {
        final int rows;
        final PlanBuilder builder = new PlanBuilder("rates.prefill");
        final HeadMap heads = HeadMap.all(QO_HEADS, KV_HEADS);
        final Map<TensorRef, int[]> words = new HashMap<>();
        final Dim h = Dim.fixed("numQoHeads", QO_HEADS);
        final TensorRef q;
        final TensorRef k;
        final TensorRef v;
        final TensorRef offsets;
        final TensorRef out;
        final TensorRef lse;

        Tensors(int numTokens) {
            rows = Math.ceilDiv(numTokens, BLOCK);
            Dim tokens = Dim.fixed("numTokens", numTokens);
            Dim kvHeads = Dim.fixed("numKvHeads", KV_HEADS);
            Dim d = Dim.fixed("headDim", DIM);
            q = builder.declare("q", TensorRole.INPUT, DType.BF16, tokens, h, d);
            k = builder.declare("k", TensorRole.INPUT, DType.BF16, tokens, kvHeads, d);
            v = builder.declare("v", TensorRole.INPUT, DType.BF16, tokens, kvHeads, d);
            offsets = input("offsets", 0, numTokens);
            out = builder.declare("out", TensorRole.OUTPUT, DType.BF16, tokens, h, d);
            lse = builder.declare("lse", TensorRole.OUTPUT, DType.F32, tokens, h);
        }

        TensorRef input(String name, int... values) {
            TensorRef ref =
                    builder.declare(name, TensorRole.INPUT, DType.I32, Dim.fixed(name + ".size", values.length));
            words.put(ref, values);
            return ref;
        }

        TensorRef blocks(TensorRole role, String name, DType dtype, boolean lists) {
            Dim blockRows = Dim.fixed("numQBlocks", rows);
            return lists
                    ? builder.declare(name, role, dtype, blockRows, h, Dim.fixed("maxKvBlocks", rows))
                    : builder.declare(name, role, dtype, blockRows, h);
        }

        void attend(TensorRef blockRows, TensorRef counts, TensorRef indices) {
            builder.add(new BlockSparseAttention(
                    heads,
                    Masking.CAUSAL,
                    SCALE,
                    BLOCK,
                    q,
                    k,
                    v,
                    offsets,
                    offsets,
                    blockRows,
                    counts,
                    indices,
                    out,
                    lse));
        }

        /** The share of the reachable blocks that lists of those lengths hold. */
        double share(int[] counts) {
            return Arrays.stream(counts).asLongStream().sum() / (QO_HEADS * (rows * (rows + 1.0) / 2));
        }
    }

    /** Products of queries with keys and of probabilities with values, for the causal half. */
    private static double flops(int numTokens, double share) {
        return 4 * (numTokens * (numTokens + 1.0) / 2) * DIM * QO_HEADS * share;
    }

    /** Dense attention. */
    Rate dense(int numTokens) {
        Tensors t = new Tensors(numTokens);
        t.builder.add(
                new DenseAttention(t.heads, Masking.CAUSAL, SCALE, t.q, t.k, t.v, t.offsets, t.offsets, t.out, t.lse));
        return Rate.flops(timed.seconds(t.builder.build(), t.words), 1, flops(numTokens, 1));
    }

    /** Attention to random blocks, diagonal and first column kept. */
    Rate sparse(int numTokens, double density) {
        Tensors t = new Tensors(numTokens);
        TensorRef counts = t.blocks(TensorRole.INPUT, "blockCounts", DType.I32, false);
        TensorRef indices = t.blocks(TensorRole.INPUT, "blockIndices", DType.I32, true);
        int[] count = new int[t.rows * QO_HEADS];
        t.words.put(counts, count);
        t.words.put(indices, choose(t.rows, density, count));
        t.attend(t.input("qBlockOffsets", 0, t.rows), counts, indices);
        double share = t.share(count);
        return Rate.flops(timed.seconds(t.builder.build(), t.words), share, flops(numTokens, share));
    }

    private static int[] choose(int rows, double density, int[] count) {
        Random random = new Random(7);
        int[] index = new int[count.length * rows];
        for (int list = 0; list < count.length; list++) {
            int row = list / QO_HEADS;
            for (int block = 0; block <= row; block++) {
                if (block == 0 || block == row || random.nextDouble() < density) {
                    index[list * rows + count[list]++] = block;
                }
            }
        }
        return index;
    }

    /**
     * XAttention: estimate and selection, and, if asked for, attention to what was selected. Random keys spread their mass evenly,
     * so a threshold is about the share of blocks that it keeps.
     */
    Rate estimated(int numTokens, int stride, double threshold, boolean attend) {
        Tensors t = new Tensors(numTokens);
        TensorRef mass = t.blocks(TensorRole.TEMP, "blockMass", DType.F32, true);
        TensorRef counts = t.blocks(TensorRole.OUTPUT, "blockCounts", DType.I32, false);
        TensorRef indices = t.blocks(TensorRole.OUTPUT, "blockIndices", DType.I32, true);
        TensorRef blockRows = t.input("qBlockOffsets", 0, t.rows);
        TensorRef thresholds = t.builder.declare("thresholds", TensorRole.WEIGHT, DType.F32, t.h);
        int[] limits = new int[QO_HEADS];
        Arrays.fill(limits, Float.floatToRawIntBits((float) threshold));
        t.words.put(thresholds, limits);
        t.builder.add(new AntidiagonalScore(
                t.heads,
                Masking.CAUSAL,
                SCALE,
                BLOCK,
                stride,
                1,
                AntidiagonalScore.Residues.ANTIDIAGONAL,
                t.q,
                t.k,
                t.offsets,
                t.offsets,
                blockRows,
                mass));
        t.builder.add(new BlockSelect(
                t.heads,
                Masking.CAUSAL,
                BLOCK,
                BlockSelect.GroupMode.QUERY_HEAD,
                false,
                false,
                mass,
                thresholds,
                t.offsets,
                t.offsets,
                blockRows,
                counts,
                indices));
        if (attend) {
            t.attend(blockRows, counts, indices);
        }
        TimedPlan.Timed result = timed.run(t.builder.build(), t.words, counts);
        double share = t.share(result.read());
        double estimate = flops(numTokens, 1) / 2 / stride;
        return Rate.flops(result.seconds(), share, estimate + (attend ? flops(numTokens, share) : 0));
    }
}
