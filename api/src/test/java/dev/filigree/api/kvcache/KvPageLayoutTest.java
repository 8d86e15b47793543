package dev.filigree.api.kvcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class KvPageLayoutTest {

    @Test
    void offsetsOfAnInt4PageWithStatistics() {
        // 2 heads, 3 tokens, dims 6 and 4: kData 18 -> 32, params 12 -> 16 each, vData 12 -> 16
        KvPageLayout layout = new KvPageLayout(2, 3, 6, 4, KvPrecision.INT4, KvPrecision.INT4, 3);
        assertEquals(0, layout.kDataOffset());
        assertEquals(32, layout.kScaleOffset());
        assertEquals(48, layout.kZeroOffset());
        assertEquals(64, layout.vDataOffset());
        assertEquals(80, layout.vScaleOffset());
        assertEquals(96, layout.vZeroOffset());
        assertEquals(112, layout.kMaxOffset());
        assertEquals(112 + 32, layout.kMinOffset()); // 1 logical page * 2 heads * 6 * 2 bytes = 24 -> 32
        assertEquals(112 + 64, layout.pageBytes());
    }

    @Test
    void theSizesOfTheLServePaper() {
        // 64 tokens of one head of 128: fp16 32768; int8 16384 + 512; int4 8192 + 512; statistics 2048
        assertEquals(32768, size(KvPrecision.F16, 0));
        assertEquals(16896, size(KvPrecision.INT8, 0));
        assertEquals(8704, size(KvPrecision.INT4, 0));
        assertEquals(16896 + 2048, size(KvPrecision.INT8, 16));
    }

    private static long size(KvPrecision precision, int logicalPageSize) {
        return new KvPageLayout(1, 64, 128, 128, precision, precision, logicalPageSize).pageBytes();
    }

    @Test
    void regionsAreAlignedAndDoNotOverlap() {
        Random random = new Random(9);
        KvPrecision[] all = KvPrecision.values();
        for (int round = 0; round < 500; round++) {
            int logical = random.nextInt(0, 4);
            int pageSize = Math.max(1, logical) * random.nextInt(1, 6);
            KvPageLayout l = new KvPageLayout(
                    random.nextInt(0, 5),
                    pageSize,
                    2 * random.nextInt(1, 20),
                    2 * random.nextInt(1, 20),
                    all[random.nextInt(all.length)],
                    all[random.nextInt(all.length)],
                    logical);
            long heads = l.numHeads();
            long kParams = l.k().isQuantized() ? 2 * heads * pageSize : 0;
            long vParams = l.v().isQuantized() ? 2 * heads * pageSize : 0;
            long stats = 2L * l.logicalPagesPerPage() * heads * l.headDimQk();
            long[][] regions = {
                {l.kDataOffset(), l.k().storage().bytes(heads * pageSize * l.headDimQk())},
                {l.kScaleOffset(), kParams},
                {l.kZeroOffset(), kParams},
                {l.vDataOffset(), l.v().storage().bytes(heads * pageSize * l.headDimVo())},
                {l.vScaleOffset(), vParams},
                {l.vZeroOffset(), vParams},
                {l.kMaxOffset(), stats},
                {l.kMinOffset(), stats},
                {l.pageBytes(), 0},
            };
            for (int i = 0; i + 1 < regions.length; i++) {
                long end = regions[i][0] + regions[i][1];
                assertEquals(0, regions[i][0] % 16);
                assertTrue(end <= regions[i + 1][0] && regions[i + 1][0] < end + 16, l + " region " + i);
            }
        }
    }

    @Test
    void elementsOfARegionFillItOnce() {
        KvPageLayout layout = new KvPageLayout(2, 4, 3, 5, KvPrecision.F32, KvPrecision.INT8, 2);
        long next = 0;
        for (int head = 0; head < 2; head++) {
            for (int slot = 0; slot < 4; slot++) {
                for (int channel = 0; channel < 3; channel++) {
                    assertEquals(next++, layout.element(head, slot, channel, 3));
                }
            }
        }
        assertEquals(1 * 4 + 3, layout.param(1, 3));
        assertEquals((1 * 2 + 1) * 3 + 2, layout.stat(1, 1, 2));
    }

    @Test
    void impossibleLayoutsAreRefused() {
        assertEquals(
                "4-bit pages need even head dims, not 5 and 4",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> new KvPageLayout(1, 4, 5, 4, KvPrecision.INT4, KvPrecision.F16, 0))
                        .getMessage());
        assertEquals(
                "logicalPageSize must be 0 or a divisor of pageSize 4, not 3",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> new KvPageLayout(1, 4, 4, 4, KvPrecision.F16, KvPrecision.F16, 3))
                        .getMessage());
    }
}
