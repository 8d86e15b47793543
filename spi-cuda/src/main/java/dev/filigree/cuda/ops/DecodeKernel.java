package dev.filigree.cuda.ops;

import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.tensor.DType;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A decode kernel for compute capability 9.0.
 *
 * @param symbol of the kernel that attends
 * @param merge symbol of the kernel that merges splits
 * @param headsPerReader query heads that a block takes, a divisor of those that read the same pages
 * @param ringBytes shared memory for tiles on their way
 * @param blocksPerSm blocks that a multiprocessor holds at once
 */
record DecodeKernel(String symbol, String merge, int headsPerReader, long ringBytes, int blocksPerSm) {
    private static final int WARPS = 4;
    /** Rows of a product of the 16-bit kernel; most query heads it takes. */
    private static final int ROWS = 16;
    /** Columns of a product of the kernel over codes. */
    private static final int COLUMNS = 8;
    /** Eight lines of shared memory: fewer codes would share a line between the rows of a warp. */
    private static final int LEAST_TILE_BYTES = 1024;

    /**
     * The kernel for queries of a dtype over pages of a layout.
     *
     * @param q dtype of queries and outputs
     * @param headsPerList query heads that read the same pages
     */
    static Optional<DecodeKernel> of(DType q, KvPageLayout layout, int headsPerList) {
        int headDim = layout.headDimQk();
        if (!Operands.is16Bit(q) || layout.headDimVo() != headDim || layout.pageSize() % ROWS != 0) {
            return Optional.empty();
        }
        String name = q.id();
        String merge = "paged_decode_merge__q_" + name + "_kv_" + name + "_o_" + name + "__hd" + headDim;
        DType kv = layout.k().storage();
        if (Operands.is16Bit(kv) && layout.v().storage() == kv && (headDim == 64 || headDim == 128)) {
            // An f16 query over bf16 pages is two rows of a product.
            int heads = q == DType.F16 && kv == DType.BF16 ? most(headsPerList, ROWS / 2) : most(headsPerList, ROWS);
            String symbol = "paged_decode__q_" + name + "_kv_" + kv.id() + "_o_" + name + "__hd" + headDim;
            long ring = WARPS * 3 * 2L * ROWS * headDim * 2;
            return Optional.of(new DecodeKernel(symbol, merge, heads, ring, headDim == 64 ? 4 : 2));
        }
        return coded(name, merge, layout, headsPerList);
    }

    /** Over codes: of two precisions where heads are wide, else of one. */
    private static Optional<DecodeKernel> coded(String q, String merge, KvPageLayout layout, int headsPerList) {
        int headDim = layout.headDimQk();
        int kBits = layout.k().storage().bits();
        int vBits = layout.v().storage().bits();
        boolean served = headDim == 128 || (headDim == 64 && kBits == vBits);
        if (!isCoded(layout.k()) || !isCoded(layout.v()) || !served) {
            return Optional.empty();
        }
        int tile = tile(Math.max(kBits, vBits), layout.pageSize());
        if (tile * headDim * Math.min(kBits, vBits) / 8 < LEAST_TILE_BYTES) {
            return Optional.empty();
        }
        String codes = kBits == vBits ? "kv_int" + kBits : "k_int" + kBits + "_v_int" + vBits;
        String symbol = "paged_decode__q_" + q + "_" + codes + "_o_" + q + "__hd" + headDim + "_bk" + tile;
        long ring = WARPS * 2L * tile * (headDim * (kBits + vBits) / 8 + 8);
        return Optional.of(new DecodeKernel(symbol, merge, most(headsPerList, COLUMNS), ring, 3));
    }

    private static boolean isCoded(KvPrecision precision) {
        return precision == KvPrecision.INT4 || precision == KvPrecision.INT8;
    }

    /** Tokens of a tile: the most that lie side by side in a page and fit. */
    private static int tile(int bits, int pageSize) {
        int tile = bits == 4 ? 64 : 32;
        while (pageSize % tile != 0) {
            tile /= 2;
        }
        return tile;
    }

    /** The largest divisor that fits. */
    private static int most(int heads, int room) {
        return IntStream.rangeClosed(1, room).filter(n -> heads % n == 0).max().orElse(1);
    }

    /** Shared memory of a block: rings, or the states of four warps that later take their place, and two numbers per page. */
    long sharedBytes(int headDim, long pagesPerSplit) {
        return Math.max(ringBytes, 4L * WARPS * ROWS * headDim + 512) + 8 * pagesPerSplit;
    }
}
