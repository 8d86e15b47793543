package dev.filigree.cpu.vector.ops.antidiagonalscore;

import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.cpu.vector.gemm.DotKernel;
import dev.filigree.cpu.vector.lanes.Lanes;

/**
 * Sizes of one task of {@link AntidiagonalScore} and where its parts lie in a worker's scratch. A stripe is one vector of
 * {@code stride * headDim} numbers, so a score is one inner product. Keys of odd stripes meet a shifted copy of the queries
 * where the residues alternate, so their scores stand apart.
 *
 * @param stride tokens per stripe
 * @param headDim width of a query or key
 * @param parities 2 where odd key stripes meet other queries, else 1
 * @param blocksPerTask block rows of one task
 * @param rows query stripes of one task, all heads of the group
 * @param half room for the scores of one parity, a multiple of the lanes
 * @param maxBlocks key blocks of a row of the result
 */
record StripeLayout(int stride, int headDim, int parities, int blocksPerTask, int rows, int half, int maxBlocks) {
    /** Query stripes that share a read of the keys. */
    private static final int TARGET_ROWS = 128;

    /** Key stripes read at a time. */
    static final int TILE = 12;

    static StripeLayout of(AntidiagonalScore op, long headDim, long maxKvTokens, long maxBlocks) {
        int group = op.heads().groupSize();
        int perBlock = op.blockSize() / op.stride();
        int blocks = Math.max(1, TARGET_ROWS / (group * perBlock));
        boolean alternating = op.residues() == AntidiagonalScore.Residues.ALTERNATING && op.stride() > 1;
        int parities = alternating ? 2 : 1;
        long stripes = Math.ceilDiv(Math.ceilDiv(maxKvTokens, (long) op.stride()), (long) parities);
        return new StripeLayout(
                op.stride(),
                Math.toIntExact(headDim),
                parities,
                blocks,
                group * blocks * perBlock,
                Math.toIntExact(Lanes.roundUp(stripes + DotKernel.ONE_ROWS)),
                Math.toIntExact(maxBlocks));
    }

    int paddedRows() {
        return Math.ceilDiv(rows, DotKernel.FOUR_TOKENS) * DotKernel.FOUR_TOKENS;
    }

    int depth() {
        return (int) Lanes.roundUp((long) stride * headDim);
    }

    long stripeBytes() {
        return 4L * depth();
    }

    /** Offset of the queries of a parity and row. */
    long query(int parity, int row) {
        return ((long) parity * paddedRows() + row) * stripeBytes();
    }

    long keysAt() {
        return query(parities, 0);
    }

    long scoreStride() {
        return 4L * half * parities;
    }

    long scoresAt() {
        return keysAt() + TILE * stripeBytes();
    }

    /** Offset of running maximum, factor and sum, a vector each. */
    long stateAt() {
        return scoresAt() + paddedRows() * scoreStride();
    }

    /** Offset of the f64 mass of every key block. */
    long massAt() {
        return stateAt() + 3 * 64;
    }

    long bytes() {
        return massAt() + 8L * maxBlocks;
    }
}
