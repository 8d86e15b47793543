package dev.filigree.cuda.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.tensor.DType;
import org.junit.jupiter.api.Test;

/** Which kernel decode takes, and how many parts a context is split into, need no device. */
class DecodeKernelTest {
    private static final long H100_SLOTS = 3 * 132;

    private static String symbol(DType q, KvPrecision k, KvPrecision v, int pageSize, int headDim, int heads) {
        KvPageLayout layout = new KvPageLayout(8, pageSize, headDim, headDim, k, v, 0);
        return DecodeKernel.of(q, layout, heads)
                .map(kernel -> kernel.symbol() + " of " + kernel.headsPerReader())
                .orElse("none");
    }

    @Test
    void codesAreReadInTheLargestTileThatLiesInAPage() {
        assertEquals(
                "paged_decode__q_bf16_kv_int4_o_bf16__hd128_bk64 of 4",
                symbol(DType.BF16, KvPrecision.INT4, KvPrecision.INT4, 64, 128, 4));
        assertEquals(
                "paged_decode__q_f16_kv_int8_o_f16__hd128_bk32 of 8",
                symbol(DType.F16, KvPrecision.INT8, KvPrecision.INT8, 64, 128, 8));
        assertEquals(
                "paged_decode__q_f16_k_int8_v_int4_o_f16__hd128_bk16 of 1",
                symbol(DType.F16, KvPrecision.INT8, KvPrecision.INT4, 48, 128, 1));
        assertEquals(
                "paged_decode__q_f16_kv_int4_o_f16__hd64_bk32 of 3",
                symbol(DType.F16, KvPrecision.INT4, KvPrecision.INT4, 32, 64, 3));
    }

    @Test
    void widerGroupsAreSeveralReaders() {
        assertEquals(
                "paged_decode__q_bf16_kv_int4_o_bf16__hd128_bk64 of 6",
                symbol(DType.BF16, KvPrecision.INT4, KvPrecision.INT4, 64, 128, 12));
        assertEquals(
                "paged_decode__q_bf16_kv_bf16_o_bf16__hd128 of 16",
                symbol(DType.BF16, KvPrecision.BF16, KvPrecision.BF16, 16, 128, 16));
        assertEquals(
                "paged_decode__q_f16_kv_bf16_o_f16__hd64 of 8",
                symbol(DType.F16, KvPrecision.BF16, KvPrecision.BF16, 16, 64, 16));
    }

    @Test
    void otherPagesAreLeftToTheGeneralKernel() {
        assertEquals("none", symbol(DType.F32, KvPrecision.INT4, KvPrecision.INT4, 64, 128, 4));
        assertEquals("none", symbol(DType.BF16, KvPrecision.INT4, KvPrecision.INT4, 16, 64, 4));
        assertEquals("none", symbol(DType.BF16, KvPrecision.INT8, KvPrecision.INT4, 64, 64, 4));
        assertEquals("none", symbol(DType.BF16, KvPrecision.BF16, KvPrecision.F16, 64, 128, 4));
        assertEquals("none", symbol(DType.BF16, KvPrecision.INT4, KvPrecision.INT4, 24, 128, 4));
    }

    @Test
    void splitsFillTheDeviceAndCoverEveryPage() {
        // 8 sequences of 8 KV heads: 6 splits are 384 blocks of 396.
        assertEquals(Math.ceilDiv(2048, 6), HopperDecode.pagesPerSplit(2048, 64, H100_SLOTS));
        for (long readers : new long[] {1, 7, 64, 500}) {
            for (long pages : new long[] {1, 2, 65, 2048, 100_000}) {
                long share = HopperDecode.pagesPerSplit(pages, readers, H100_SLOTS);
                assertTrue(share >= 1 && share <= 512 && share <= pages, readers + " x " + pages + ": " + share);
            }
        }
    }
}
