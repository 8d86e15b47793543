package dev.filigree.cpu.reference.ops.kvappend;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import dev.filigree.cpu.reference.testing.Pages;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KvAppendReferenceTest {
    private static final HeadMap ONE = HeadMap.all(1, 1);

    private static KvPages pages(KvPageLayout layout, KvAddressing addressing) {
        return new KvPages(layout, addressing, ref("pages"), ref("table"));
    }

    private static KvPageLayout layout(KvPrecision precision, int pageSize, int headDim, int logicalPageSize) {
        return new KvPageLayout(1, pageSize, headDim, headDim, precision, precision, logicalPageSize);
    }

    private static KvAppend append(KvPages kv) {
        return new KvAppend(ONE, kv, Optional.empty(), ref("k"), ref("v"), ref("qo"), ref("positions"));
    }

    @Test
    void writesEachTokenToItsSlotOfItsPage() {
        // positions 1, 2, 3 with pageSize 2: slot 1 of column 0 (page 2), then column 1 (page 0)
        KvPageLayout layout = layout(KvPrecision.F32, 2, 1, 0);
        OneOp op = new OneOp()
                .pages("pages", 3, layout.pageBytes(), Pages.empty(layout, 3))
                .ints("table", shape(1, 2), 2, 0)
                .floats("k", shape(3, 1, 1), 1, 2, 3)
                .floats("v", shape(3, 1, 1), 10, 20, 30)
                .ints("qo", shape(2), 0, 3)
                .ints("positions", shape(3), 1, 2, 3)
                .run(append(pages(layout, KvAddressing.LINEAR)));
        Pages after = new Pages(layout, op.bytes("pages"));
        assertArrayEquals(new float[] {0}, after.key(2, 0, 0));
        assertArrayEquals(new float[] {1}, after.key(2, 0, 1));
        assertArrayEquals(new float[] {2}, after.key(0, 0, 0));
        assertArrayEquals(new float[] {30}, after.value(0, 0, 1));
        assertArrayEquals(new float[] {0}, after.key(1, 0, 0));
    }

    @Test
    void int4CodesAndParametersAreThoseOfTheFormula() {
        // [-15 15 0 1]: step 30/15 = 2, zero 15/2 = 7.5; codes -7.5+7.5, 7.5+7.5, 0+7.5 -> 8 (even), 0.5+7.5
        // [0 1.5 3 15]: step 1, zero 0; codes 0, 1.5 -> 2 (even), 3, 15
        KvPageLayout layout = layout(KvPrecision.INT4, 2, 4, 0);
        OneOp op = new OneOp()
                .pages("pages", 1, layout.pageBytes(), Pages.empty(layout, 1))
                .ints("table", shape(1, 1), 0)
                .floats("k", shape(1, 1, 4), -15, 15, 0, 1)
                .floats("v", shape(1, 1, 4), 0, 1.5f, 3, 15)
                .ints("qo", shape(2), 0, 1)
                .ints("positions", shape(1), 0)
                .run(append(pages(layout, KvAddressing.LINEAR)));
        Pages after = new Pages(layout, op.bytes("pages"));
        assertArrayEquals(new float[] {0, 15, 8, 8}, after.key(0, 0, 0));
        assertArrayEquals(new float[] {2, 7.5f}, after.keyParams(0, 0, 0));
        assertArrayEquals(new float[] {0, 2, 3, 15}, after.value(0, 0, 0));
        assertArrayEquals(new float[] {1, -0f}, after.valueParams(0, 0, 0)); // -0 / 1
        // channel 2m in the low nibble: codes 0, 15 make byte 0xf0
        assertEquals((byte) 0xf0, op.bytes("pages")[0]);
    }

    @Test
    void aConstantVectorReadsBackExactly() {
        for (KvPrecision precision : List.of(KvPrecision.INT8, KvPrecision.INT4)) {
            KvPageLayout layout = layout(precision, 4, 2, 0);
            OneOp op = new OneOp()
                    .pages("pages", 1, layout.pageBytes(), Pages.empty(layout, 1))
                    .ints("table", shape(1, 1), 0)
                    .floats("k", shape(3, 1, 2), 3, 3, -3, -3, 0, 0)
                    .floats("v", shape(3, 1, 2), 3, 3, -3, -3, 0, 0)
                    .ints("qo", shape(2), 0, 3)
                    .ints("positions", shape(3), 0, 1, 2)
                    .run(append(pages(layout, KvAddressing.LINEAR)));
            Pages after = new Pages(layout, op.bytes("pages"));
            assertArrayEquals(new float[] {1, 1}, after.key(0, 0, 0));
            assertArrayEquals(new float[] {3, 0}, after.keyParams(0, 0, 0));
            assertArrayEquals(new float[] {0, 0}, after.key(0, 0, 1));
            assertArrayEquals(new float[] {3, 1}, after.keyParams(0, 0, 1));
            assertArrayEquals(new float[] {0, 0}, after.key(0, 0, 2));
            assertArrayEquals(new float[] {1, 0}, after.keyParams(0, 0, 2));
        }
    }

    @Test
    void statisticsAreAssignedByTheFirstTokenOfALogicalPageAndWidenedByLaterOnes() {
        // logical pages of 2; the bounds of a former owner (here 0x7f bytes) must not survive
        KvPageLayout layout = layout(KvPrecision.F32, 4, 1, 2);
        byte[] recycled = Pages.empty(layout, 1);
        Arrays.fill(recycled, (byte) 0x7b);
        OneOp op = new OneOp()
                .pages("pages", 1, layout.pageBytes(), recycled)
                .ints("table", shape(1, 1), 0)
                .floats("k", shape(3, 1, 1), 5, -2, 7)
                .floats("v", shape(3, 1, 1), 0, 0, 0)
                .ints("qo", shape(2), 0, 3)
                .ints("positions", shape(3), 0, 1, 2)
                .run(append(pages(layout, KvAddressing.LINEAR)));
        Pages after = new Pages(layout, op.bytes("pages"));
        assertArrayEquals(new float[] {5}, after.kMax(0, 0, 0));
        assertArrayEquals(new float[] {-2}, after.kMin(0, 0, 0));
        assertArrayEquals(new float[] {7}, after.kMax(0, 1, 0));
        assertArrayEquals(new float[] {7}, after.kMin(0, 1, 0));
    }

    @Test
    void statisticsAreRoundedOutward() {
        // 2049 lies between the f16 neighbours 2048 and 2050; 1e-9 between 0 and 2^-24
        KvPageLayout layout = layout(KvPrecision.F32, 1, 3, 1);
        OneOp op = new OneOp()
                .pages("pages", 1, layout.pageBytes(), Pages.empty(layout, 1))
                .ints("table", shape(1, 1), 0)
                .floats("k", shape(1, 1, 3), 2049, -2049, 1e-9f)
                .floats("v", shape(1, 1, 3), 0, 0, 0)
                .ints("qo", shape(2), 0, 1)
                .ints("positions", shape(1), 0)
                .run(append(pages(layout, KvAddressing.LINEAR)));
        Pages after = new Pages(layout, op.bytes("pages"));
        assertArrayEquals(new float[] {2050, -2048, 0x1p-24f}, after.kMax(0, 0, 0));
        assertArrayEquals(new float[] {2048, -2050, 0}, after.kMin(0, 0, 0));
    }

    @Test
    void inARingTheNewestTokenOfASlotStays() {
        // sink 1 page, ring 2 pages of 1 token: positions 0 to 4 go to columns 0, 1, 2, 1, 2
        KvPageLayout layout = layout(KvPrecision.F32, 1, 1, 0);
        OneOp op = new OneOp()
                .pages("pages", 3, layout.pageBytes(), Pages.empty(layout, 3))
                .ints("table", shape(1, 3), 0, 1, 2)
                .floats("k", shape(5, 1, 1), 10, 11, 12, 13, 14)
                .floats("v", shape(5, 1, 1), 0, 0, 0, 0, 0)
                .ints("qo", shape(2), 0, 5)
                .ints("positions", shape(5), 0, 1, 2, 3, 4)
                .run(append(pages(layout, new KvAddressing.Ring(1, 2))));
        Pages after = new Pages(layout, op.bytes("pages"));
        assertArrayEquals(new float[] {10}, after.key(0, 0, 0));
        assertArrayEquals(new float[] {13}, after.key(1, 0, 0));
        assertArrayEquals(new float[] {14}, after.key(2, 0, 0));
    }

    @Test
    void rotatesKeysAsRopeWouldHaveWrittenThem() {
        // a third of pi at position 1: (cos, sin) = (0.5, 0.8660254), which bf16 holds as 0.5 and 0.8671875
        KvPageLayout layout = layout(KvPrecision.F32, 1, 2, 0);
        OneOp op = new OneOp()
                .pages("pages", 2, layout.pageBytes(), Pages.empty(layout, 2))
                .ints("table", shape(1, 2), 0, 1)
                .floats("k", DType.BF16, shape(1, 1, 2), 1, 0)
                .floats("v", DType.BF16, shape(1, 1, 2), 1, 0)
                .ints("qo", shape(2), 0, 1)
                .ints("positions", shape(1), 1)
                .floats("f", shape(1), (float) (Math.PI / 3))
                .run(new KvAppend(
                        ONE,
                        pages(layout, KvAddressing.LINEAR),
                        Optional.of(new Rotary(Rotary.Style.HALF_SPLIT, 2, 1, ref("f"))),
                        ref("k"),
                        ref("v"),
                        ref("qo"),
                        ref("positions")));
        Pages after = new Pages(layout, op.bytes("pages"));
        assertArrayEquals(new float[] {0.5f, 0.8671875f}, after.key(1, 0, 0));
        assertArrayEquals(new float[] {1, 0}, after.value(1, 0, 0));
    }

    @Test
    void takesTheHeadsOfItsClassFromAllKvHeads() {
        // KV heads 0 and 2 of three live in layout heads 0 and 1
        KvPageLayout layout = new KvPageLayout(2, 1, 1, 1, KvPrecision.F16, KvPrecision.BF16, 0);
        OneOp op = new OneOp()
                .pages("pages", 1, layout.pageBytes(), Pages.empty(layout, 1))
                .ints("table", shape(1, 1), 0)
                .floats("k", shape(1, 3, 1), 1, 2, 3)
                .floats("v", shape(1, 3, 1), 4, 5, 6)
                .ints("qo", shape(2), 0, 1)
                .ints("positions", shape(1), 0)
                .run(new KvAppend(
                        HeadMap.byRank(3, 3, List.of(0, 2), List.of(0, 2)),
                        pages(layout, KvAddressing.LINEAR),
                        Optional.empty(),
                        ref("k"),
                        ref("v"),
                        ref("qo"),
                        ref("positions")));
        Pages after = new Pages(layout, op.bytes("pages"));
        assertArrayEquals(new float[] {1}, after.key(0, 0, 0));
        assertArrayEquals(new float[] {3}, after.key(0, 1, 0));
        assertArrayEquals(new float[] {6}, after.value(0, 1, 0));
    }

    @Test
    void nanKeysStayNanAndSpoilNoOtherToken() {
        KvPageLayout layout = layout(KvPrecision.INT4, 2, 2, 0);
        OneOp op = new OneOp()
                .pages("pages", 1, layout.pageBytes(), Pages.empty(layout, 1))
                .ints("table", shape(1, 1), 0)
                .floats("k", shape(2, 1, 2), Float.NaN, 1, 0, 15)
                .floats("v", shape(2, 1, 2), 0, 15, 0, 15)
                .ints("qo", shape(2), 0, 2)
                .ints("positions", shape(2), 0, 1)
                .run(append(pages(layout, KvAddressing.LINEAR)));
        Pages after = new Pages(layout, op.bytes("pages"));
        assertTrue(Float.isNaN(after.keyParams(0, 0, 0)[0]));
        assertArrayEquals(new float[] {0, 0}, after.key(0, 0, 0));
        assertArrayEquals(new float[] {0, 15}, after.key(0, 0, 1));
    }
}
