package dev.filigree.cpu.vector.bench;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.filigree.cpu.vector.attention.AttentionShape;
import dev.filigree.cpu.vector.attention.BlockLists;
import dev.filigree.cpu.vector.attention.ContiguousSource;
import dev.filigree.cpu.vector.attention.FlashAttention;
import dev.filigree.cpu.vector.attention.VisibleKeys;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.gemm.Gemm;
import dev.filigree.cpu.vector.gemm.GemmShape;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Dense causal attention beside our own product of 1024 x 1024 matrices, and chosen blocks beside dense, in turns.
 * Argument: threads, 1 and then 2 if absent. Properties: {@code n} tokens, {@code hq} and {@code hk} heads.
 */
public final class FlashBench {
    private static final int ROUNDS = 6;
    private static final int SIDE = 1024;
    private static final int BLOCK_SIZE = 128;
    private static final int NUM_TOKENS = Integer.getInteger("n", 8192);
    private static final int NUM_QO_HEADS = Integer.getInteger("hq", 2);
    private static final int NUM_KV_HEADS = Integer.getInteger("hk", 1);

    private final WorkerPool pool;
    private final Arena arena;
    private final int headDim;
    private final AttentionShape shape;
    private final ContiguousSource source = new ContiguousSource(Storage.F32);
    private final MemorySegment q;
    private final MemorySegment out;
    private final MemorySegment lse;
    private final MemorySegment offsets;
    private final Runnable dense;
    private double denseNanos = Double.MAX_VALUE;

    private FlashBench(WorkerPool pool, Arena arena, int headDim) {
        this.pool = pool;
        this.arena = arena;
        this.headDim = headDim;
        int[] heads = IntStream.range(0, NUM_KV_HEADS).toArray();
        shape = new AttentionShape(
                NUM_QO_HEADS / NUM_KV_HEADS,
                heads,
                heads,
                headDim,
                headDim,
                (float) (1 / Math.sqrt(headDim)),
                Storage.F32,
                Storage.F32);
        q = GemmBench.rand(arena, (long) NUM_TOKENS * NUM_QO_HEADS * headDim);
        MemorySegment k = GemmBench.rand(arena, (long) NUM_TOKENS * NUM_KV_HEADS * headDim);
        MemorySegment v = GemmBench.rand(arena, (long) NUM_TOKENS * NUM_KV_HEADS * headDim);
        out = arena.allocate(4L * NUM_TOKENS * NUM_QO_HEADS * headDim, 256);
        lse = arena.allocate(4L * NUM_TOKENS * NUM_QO_HEADS, 256);
        offsets = arena.allocateFrom(JAVA_INT, 0, NUM_TOKENS);
        source.keys(k.address(), 4L * NUM_KV_HEADS * headDim, 4L * headDim);
        source.values(v.address(), 4L * NUM_KV_HEADS * headDim, 4L * headDim);
        source.offsets(offsets.address());
        dense = attention(null);
    }

    /** Runs and prints. */
    public static void main(String[] args) {
        System.out.println(Lanes.describe());
        int[] threads = args.length > 0 ? new int[] {Integer.parseInt(args[0])} : new int[] {1, 2};
        for (int numThreads : threads) {
            try (var pool = new WorkerPool(numThreads);
                    Arena arena = Arena.ofShared()) {
                for (int headDim : new int[] {64, 128}) {
                    FlashBench bench = new FlashBench(pool, arena, headDim);
                    bench.denseBesideProduct(numThreads);
                    for (double density : new double[] {0.05, 0.1, 0.25, 0.5, 1}) {
                        bench.chosenBesideDense(density);
                    }
                }
            }
        }
    }

    private Runnable attention(BlockLists lists) {
        var attention = new FlashAttention(shape, VisibleKeys.dense(true), source, lists, 1, pool);
        attention.rows().queries(q.address(), 4L * NUM_QO_HEADS * headDim, 4L * headDim);
        attention.rows().outs(out.address(), 4L * NUM_QO_HEADS * headDim, 4L * headDim);
        attention.rows().lses(lse.address(), 4L * NUM_QO_HEADS, 4);
        MemorySegment workspace = arena.allocate(attention.workspaceBytes(), 256);
        return () -> attention.run(1, offsets.address(), offsets.address(), true, workspace.address());
    }

    private void denseBesideProduct(int numThreads) {
        Runnable product = product();
        double productFlops = 2.0 * SIDE * SIDE * SIDE;
        double peak = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < 4; i++) {
                peak = Math.max(peak, productFlops / GemmBench.time(product, 1));
            }
            timeDense();
        }
        double flops = 4.0 * headDim * NUM_QO_HEADS * ((double) NUM_TOKENS * (NUM_TOKENS + 1) / 2);
        System.out.printf(
                "%dT n=%d heads %d/%d dim %d: dense %.1f ms %.1f GFLOP/s, sgemm %.1f, ratio %.2f%n",
                numThreads,
                NUM_TOKENS,
                NUM_QO_HEADS,
                NUM_KV_HEADS,
                headDim,
                denseNanos / 1e6,
                flops / denseNanos,
                peak,
                flops / denseNanos / peak);
    }

    private Runnable product() {
        MemorySegment a = GemmBench.rand(arena, SIDE * SIDE);
        MemorySegment b = GemmBench.rand(arena, SIDE * SIDE);
        MemorySegment c = GemmBench.rand(arena, SIDE * SIDE);
        Gemm gemm = new Gemm(
                new GemmShape(SIDE, SIDE, SIDE, Storage.F32, Storage.F32, Optional.empty(), Storage.F32), pool);
        MemorySegment workspace = arena.allocate(gemm.workspaceBytes(), 256);
        return () -> gemm.run(
                SIDE, a.address(), 4L * SIDE, b.address(), 4L * SIDE, 0, c.address(), 4L * SIDE, workspace.address());
    }

    private void timeDense() {
        denseNanos = Math.min(denseNanos, GemmBench.time(dense, 1));
    }

    private void chosenBesideDense(double density) {
        int numBlocks = NUM_TOKENS / BLOCK_SIZE;
        BlockLists lists = new BlockLists(BLOCK_SIZE);
        double chosenShare = choose(lists, numBlocks, density);
        Runnable chosen = attention(lists);
        double nanos = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            nanos = Math.min(nanos, GemmBench.time(chosen, 1));
            timeDense();
        }
        System.out.printf(
                "   density %.3f: %.1f ms, allowed %.1f, %.2f of density x dense%n",
                chosenShare,
                nanos / 1e6,
                (1.25 * chosenShare * denseNanos + 5e6) / 1e6,
                nanos / (chosenShare * denseNanos));
    }

    /** Chooses the diagonal block of each row and others by chance; returns the share of all that was chosen. */
    private double choose(BlockLists lists, int numBlocks, double density) {
        MemorySegment counts = arena.allocate(4L * numBlocks * NUM_QO_HEADS, 256);
        MemorySegment indices = arena.allocate(4L * numBlocks * NUM_QO_HEADS * numBlocks, 256);
        MemorySegment rows = arena.allocateFrom(JAVA_INT, 0, numBlocks);
        Random random = new Random(5);
        long numChosen = 0;
        for (int i = 0; i < numBlocks; i++) {
            for (int h = 0; h < NUM_QO_HEADS; h++) {
                long list = (long) i * NUM_QO_HEADS + h;
                int count = 0;
                for (int j = 0; j <= i; j++) {
                    if (j == i || random.nextDouble() < density) {
                        indices.setAtIndex(JAVA_INT, list * numBlocks + count++, j);
                    }
                }
                counts.setAtIndex(JAVA_INT, list, count);
                numChosen += count;
            }
        }
        lists.rowOffsets(rows.address());
        lists.counts(counts.address(), 4L * NUM_QO_HEADS, 4, numBlocks);
        lists.indices(indices.address(), 4L * NUM_QO_HEADS * numBlocks, 4L * numBlocks, numBlocks);
        return numChosen / (NUM_QO_HEADS * (numBlocks * (numBlocks + 1) / 2.0));
    }
}
