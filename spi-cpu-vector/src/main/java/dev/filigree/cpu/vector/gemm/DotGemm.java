package dev.filigree.cpu.vector.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/**
 * One task of a product with few tokens: a run of weight rows, each read once from memory and used for every token. Weights
 * of 16 bits are widened a few rows at a time into scratch that stays in the first-level cache.
 */
final class DotGemm {
    private static final int MAX_ROWS = 96;
    private static final int MIN_ROWS = 24;
    private static final int TASKS_PER_WORKER = 4;

    private final GemmShape shape;
    private final GemmCall call;
    private final int rowsPerTask;
    private final int wholeDepth;
    private final long rowStride;
    private final long sumStride;
    private final long weightsAt;
    private final long sumsAt;
    private final long biasAt;
    private final long bytes;

    DotGemm(GemmShape shape, GemmCall call, int numWorkers, int maxTokens) {
        this.shape = shape;
        this.call = call;
        int even = Math.ceilDiv(shape.n(), numWorkers * TASKS_PER_WORKER);
        rowsPerTask = numWorkers == 1 ? MAX_ROWS : Math.clamp(Math.ceilDiv(even, 24) * 24, MIN_ROWS, MAX_ROWS);
        wholeDepth = Lanes.F32.loopBound(shape.k());
        rowStride = 4L * Lanes.roundUp(shape.k());
        sumStride = 4L * rowsPerTask;
        int tokens = Math.min(maxTokens, shape.maxM());
        weightsAt = shape.a() == Storage.F32 ? 0 : rowStride * tokens;
        sumsAt = weightsAt + (shape.b() == Storage.F32 ? 0 : rowStride * DotKernel.ONE_ROWS);
        biasAt = sumsAt + sumStride * (tokens + DotKernel.TWO_TOKENS);
        bytes = biasAt + sumStride;
    }

    long workspaceBytesPerWorker() {
        return bytes;
    }

    int numTasks() {
        return Math.ceilDiv(shape.n(), rowsPerTask);
    }

    void run(int task, long work) {
        int first = task * rowsPerTask;
        int rows = Math.min(rowsPerTask, shape.n() - first);
        long tokens = call.a;
        long tokenStride = call.aStride;
        if (shape.a() != Storage.F32) {
            for (int i = 0; i < call.m; i++) {
                Widen.copy(shape.a(), call.a(i), work + i * rowStride, shape.k());
            }
            tokens = work;
            tokenStride = rowStride;
        }
        int step = call.m == 1 ? DotKernel.ONE_ROWS : DotKernel.TWO_ROWS;
        for (int j = 0; j < rows; j += step) {
            tile(tokens, tokenStride, first + j, Math.min(step, rows - j), work, work + sumsAt + 4L * j);
        }
        if (shape.bias().isPresent()) {
            addBias(shape.bias().get(), first, rows, work);
        }
        for (int i = 0; i < call.m; i++) {
            long target = call.out(i) + (long) first * shape.out().bytes();
            Narrow.copy(shape.out(), work + sumsAt + i * sumStride, target, rows);
        }
    }

    private void tile(long tokens, long tokenStride, int row, int rows, long work, long sums) {
        long weights = call.b(row);
        long weightStride = call.bStride;
        if (shape.b() != Storage.F32) {
            for (int j = 0; j < rows; j++) {
                Widen.copy(shape.b(), call.b(row + j), work + weightsAt + j * rowStride, shape.k());
            }
            weights = work + weightsAt;
            weightStride = rowStride;
        }
        if (call.m == 1) {
            DotKernel.one(tokens, weights, weightStride, rows, wholeDepth, sums);
        } else {
            for (int i = 0; i < call.m; i += DotKernel.TWO_TOKENS) {
                long from = tokens + i * tokenStride;
                long to = sums + i * sumStride;
                DotKernel.two(from, tokenStride, call.m - i, weights, weightStride, rows, wholeDepth, to, sumStride);
            }
        }
        if (wholeDepth < shape.k()) {
            tail(tokens, tokenStride, weights, weightStride, rows, sums);
        }
    }

    /** The numbers past the last whole vector, added to the sums. */
    private void tail(long tokens, long tokenStride, long weights, long weightStride, int rows, long sums) {
        MemorySegment all = Memory.all();
        for (int i = 0; i < call.m; i++) {
            for (int j = 0; j < rows; j++) {
                long at = sums + i * sumStride + 4L * j;
                float sum = all.get(JAVA_FLOAT_UNALIGNED, at);
                for (int k = wholeDepth; k < shape.k(); k++) {
                    float token = all.get(JAVA_FLOAT_UNALIGNED, tokens + i * tokenStride + 4L * k);
                    sum = Math.fma(token, all.get(JAVA_FLOAT_UNALIGNED, weights + j * weightStride + 4L * k), sum);
                }
                all.set(JAVA_FLOAT_UNALIGNED, at, sum);
            }
        }
    }

    private void addBias(Storage storage, int first, int rows, long work) {
        MemorySegment all = Memory.all();
        long bias = work + biasAt;
        Widen.copy(storage, call.bias + (long) first * storage.bytes(), bias, rows);
        for (int i = 0; i < call.m; i++) {
            long sums = work + sumsAt + i * sumStride;
            for (int j = 0; j < rows; j++) {
                float sum = all.get(JAVA_FLOAT_UNALIGNED, sums + 4L * j) + all.get(JAVA_FLOAT_UNALIGNED, bias + 4L * j);
                all.set(JAVA_FLOAT_UNALIGNED, sums + 4L * j, sum);
            }
        }
    }
}
