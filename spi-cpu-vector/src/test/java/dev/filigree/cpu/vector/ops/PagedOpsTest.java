package dev.filigree.cpu.vector.ops;

import static dev.filigree.cpu.vector.testing.OneOp.ref;
import static dev.filigree.cpu.vector.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvCopy;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.KvEvict;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageStats;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.testing.OneOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ops over cache pages against the reference. */
class PagedOpsTest {
    private static final int PAGES = 40;

    private final Random random = new Random(11);

    private static KvPages pages(KvPageLayout layout, KvAddressing addressing) {
        return new KvPages(layout, addressing, ref("pages"), ref("table"));
    }

    /** A page table of distinct pages in no order. */
    private OneOp tables(OneOp test, KvPageLayout layout, int numSeqs, int columns, byte[] content) {
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < PAGES; i++) {
            ids.add(i);
        }
        Collections.shuffle(ids, random);
        int[] table = new int[numSeqs * columns];
        for (int i = 0; i < table.length; i++) {
            table[i] = ids.get(i);
        }
        return test.state("pages", DType.U8, shape(PAGES, layout.pageBytes()), content)
                .ints("table", shape(numSeqs, columns), table);
    }

    private OneOp append(KvPageLayout layout, KvAddressing addressing, HeadMap heads, DType dtype, int[] lengths) {
        int tokens = 0;
        int[] offsets = new int[lengths.length + 1];
        for (int s = 0; s < lengths.length; s++) {
            tokens += lengths[s];
            offsets[s + 1] = tokens;
        }
        int[] positions = new int[tokens];
        for (int s = 0, t = 0; s < lengths.length; s++) {
            for (int i = 0; i < lengths[s]; i++) {
                positions[t++] = s + i;
            }
        }
        float[] k = new float[tokens * heads.numKvHeads() * layout.headDimQk()];
        for (int i = 0; i < k.length; i++) {
            k[i] = (float) random.nextGaussian() * (i % 7 == 0 ? 20 : 1);
        }
        Arrays.fill(k, 0, Math.min(k.length, layout.headDimQk()), 0f);
        OneOp test = new OneOp()
                .floats("k", dtype, shape(tokens, heads.numKvHeads(), layout.headDimQk()), k)
                .randoms("v", dtype, random, 1, tokens, heads.numKvHeads(), layout.headDimVo())
                .ints("offsets", shape(offsets.length), offsets)
                .ints("positions", shape(tokens), positions)
                .randoms("f", DType.F32, random, 1, layout.headDimQk() / 2);
        tables(test, layout, lengths.length, PAGES / lengths.length, new byte[PAGES * (int) layout.pageBytes()]);
        Rotary rotary = new Rotary(Rotary.Style.HALF_SPLIT, layout.headDimQk(), 1, ref("f"));
        KvAppend op = new KvAppend(
                heads,
                pages(layout, addressing),
                Optional.of(rotary),
                ref("k"),
                ref("v"),
                ref("offsets"),
                ref("positions"));
        return test.run(op).same("pages");
    }

    @ParameterizedTest
    @EnumSource(KvPrecision.class)
    void pagesAreTheReferencesToTheBit(KvPrecision precision) {
        HeadMap heads = HeadMap.byRank(6, 3, List.of(0, 2), List.of(0, 2));
        for (int headDim : new int[] {2, 22, 64}) {
            KvPageLayout layout = new KvPageLayout(2, 16, headDim, headDim + 2, precision, precision, 4);
            append(layout, KvAddressing.LINEAR, heads, DType.F32, new int[] {50, 0, 1, 17});
            append(layout, KvAddressing.LINEAR, heads, DType.BF16, new int[] {33});
            append(layout, new KvAddressing.Ring(1, 2), heads, DType.F16, new int[] {100, 3});
        }
    }

    @ParameterizedTest
    @EnumSource(KvPrecision.class)
    void attentionOverPages(KvPrecision precision) {
        for (int headDim : new int[] {22, 64}) {
            for (int pageSize : new int[] {6, 16, 64}) {
                KvPageLayout layout = new KvPageLayout(2, pageSize, headDim, headDim + 2, precision, precision, 0);
                attend(layout, KvAddressing.LINEAR, HeadPattern.DENSE, new int[] {1, 1, 1}, new int[] {1, 60, 40});
                attend(layout, KvAddressing.LINEAR, HeadPattern.DENSE, new int[] {5, 0, 40}, new int[] {50, 9, 40});
                HeadPattern streaming = new HeadPattern.Streaming(3, 20);
                attend(layout, KvAddressing.LINEAR, streaming, new int[] {7, 1}, new int[] {60, 19});
                KvAddressing ring = new KvAddressing.Ring(1, 20 / pageSize + 2);
                attend(layout, ring, streaming, new int[] {1, 1}, new int[] {200, 19});
            }
        }
    }

    private void attend(
            KvPageLayout layout, KvAddressing addressing, HeadPattern pattern, int[] queries, int[] kvLengths) {
        HeadMap heads = HeadMap.byRank(6, 3, List.of(0, 2), List.of(0, 2));
        int columns = PAGES / kvLengths.length;
        byte[] content = filled(layout, heads, kvLengths.length);
        int tokens = 0;
        int[] offsets = new int[queries.length + 1];
        for (int s = 0; s < queries.length; s++) {
            tokens += queries[s];
            offsets[s + 1] = tokens;
        }
        OneOp test = new OneOp()
                .randoms("q", DType.F32, random, 1, tokens, 6, layout.headDimQk())
                .ints("offsets", shape(offsets.length), offsets)
                .ints("lengths", shape(kvLengths.length), kvLengths)
                .output("out", DType.F32, tokens, 6, layout.headDimVo())
                .output("lse", DType.F32, tokens, 6);
        tables(test, layout, kvLengths.length, columns, content);
        test.run(attention(layout, addressing, pattern, heads, Optional.empty()))
                .close("out", 2e-5)
                .close("lse", 2e-5);
    }

    @ParameterizedTest
    @EnumSource(KvPrecision.class)
    void attentionOverChosenPages(KvPrecision precision) {
        HeadMap heads = HeadMap.byRank(6, 3, List.of(0, 2), List.of(0, 2));
        for (PageChoice.SelectionScope scope : PageChoice.SelectionScope.values()) {
            int lists = scope.numLists(6, 3);
            int[] counts = new int[4 * lists];
            int[] pages = new int[4 * lists * 8];
            for (int i = 0; i < counts.length; i++) {
                counts[i] = i % 4;
                for (int n = 0; n < 8; n++) {
                    pages[8 * i + n] = 3 * n + i % 3;
                }
            }
            for (int pageSize : new int[] {6, 64}) {
                KvPageLayout layout = new KvPageLayout(2, pageSize, 22, 64, precision, precision, 0);
                for (HeadPattern pattern : List.of(HeadPattern.DENSE, new HeadPattern.Streaming(4, 9))) {
                    OneOp test = new OneOp()
                            .randoms("q", DType.F32, random, 1, 3, 6, 22)
                            .ints("offsets", shape(4), 0, 1, 2, 3)
                            .ints("lengths", shape(3), 13 * pageSize, pageSize, 4 * pageSize + 3)
                            .ints("counts", shape(4, lists), counts)
                            .ints("lists", shape(4, lists, 8), pages)
                            .ints("slots", shape(3), 3, 0, 1)
                            .output("out", DType.F32, 3, 6, 64)
                            .output("lse", DType.F32, 3, 6);
                    tables(test, layout, 3, PAGES / 3, filled(layout, heads, 3));
                    PageChoice choice = new PageChoice(ref("counts"), ref("lists"), ref("slots"), scope);
                    test.run(attention(layout, KvAddressing.LINEAR, pattern, heads, Optional.of(choice)))
                            .close("out", 2e-5)
                            .close("lse", 2e-5);
                }
            }
        }
    }

    @Test
    void splitsOfOneQueryDoNotDependOnThreadsOrBatch() {
        HeadMap heads = HeadMap.byRank(6, 3, List.of(0, 2), List.of(0, 2));
        KvPageLayout layout = new KvPageLayout(2, 96, 32, 32, KvPrecision.F16, KvPrecision.INT8, 0);
        byte[] content = filled(layout, heads, 1);
        float[] q = new float[8 * 6 * 32];
        for (int i = 0; i < q.length; i++) {
            q[i] = (float) random.nextGaussian();
        }
        int[] columns = new int[8 * PAGES];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = i % PAGES;
        }
        float[] alone = new float[0];
        for (int threads : new int[] {1, 3}) {
            for (int numSeqs : new int[] {1, 8}) {
                int[] offsets = new int[numSeqs + 1];
                int[] lengths = new int[numSeqs];
                for (int s = 0; s < numSeqs; s++) {
                    offsets[s + 1] = s + 1;
                    lengths[s] = PAGES * 96 - 5 - 300 * s;
                }
                float[] out = new OneOp()
                        .threads(threads)
                        .floats("q", DType.F32, shape(numSeqs, 6, 32), Arrays.copyOf(q, numSeqs * 192))
                        .ints("offsets", shape(numSeqs + 1), offsets)
                        .ints("lengths", shape(numSeqs), lengths)
                        .output("out", DType.F32, numSeqs, 6, 32)
                        .output("lse", DType.F32, numSeqs, 6)
                        .state("pages", DType.U8, shape(PAGES, layout.pageBytes()), content)
                        .ints("table", shape(numSeqs, PAGES), Arrays.copyOf(columns, numSeqs * PAGES))
                        .run(attention(layout, KvAddressing.LINEAR, HeadPattern.DENSE, heads, Optional.empty()))
                        .close("out", 2e-5)
                        .floats("out");
                float[] first = Arrays.copyOf(out, 192);
                alone = alone.length == 0 ? first : alone;
                assertArrayEquals(alone, first);
            }
        }
    }

    @Test
    void aNaNInAValueReachesOnlyTheHeadsThatReadIt() {
        HeadMap heads = HeadMap.all(6, 3);
        KvPageLayout layout = new KvPageLayout(3, 16, 32, 32, KvPrecision.F32, KvPrecision.F32, 0);
        HeadMap two = HeadMap.byHead(6, 3, List.of(0, 2));
        byte[] content = append(layout, KvAddressing.LINEAR, two, DType.F32, new int[] {40})
                .bytes("pages");
        MemorySegment.ofArray(content)
                .set(
                        ValueLayout.JAVA_FLOAT_UNALIGNED,
                        layout.vDataOffset() + 4 * layout.element(2, 3, 5, 32),
                        Float.NaN);
        for (int queries : new int[] {1, 30}) {
            OneOp test = new OneOp()
                    .randoms("q", DType.F32, random, 1, queries, 6, 32)
                    .ints("offsets", shape(2), 0, queries)
                    .ints("lengths", shape(1), 30)
                    .output("out", DType.F32, queries, 6, 32)
                    .output("lse", DType.F32, queries, 6)
                    .state("pages", DType.U8, shape(PAGES, layout.pageBytes()), content)
                    .ints("table", shape(1, 2), 1, 0);
            test.run(attention(layout, KvAddressing.LINEAR, HeadPattern.DENSE, heads, Optional.empty()))
                    .close("out", 2e-5)
                    .close("lse", 2e-5);
        }
    }

    /** Widths that fill vectors, read where they lie, with the numbers that 16 bits make special. */
    @ParameterizedTest
    @EnumSource(
            value = KvPrecision.class,
            names = {"F32", "F16", "BF16"})
    void wholeVectorsWithSpecialNumbers(KvPrecision precision) {
        for (int numQoHeads : new int[] {2, 4, 8}) {
            HeadMap heads = HeadMap.all(numQoHeads, 2);
            for (int headDim : new int[] {64, 128}) {
                KvPageLayout layout = new KvPageLayout(2, 16, headDim, headDim, precision, precision, 0);
                for (float special : new float[] {0f, 0x1p-20f, Float.POSITIVE_INFINITY, Float.NaN}) {
                    byte[] content = append(layout, KvAddressing.LINEAR, heads, DType.F32, new int[] {60})
                            .bytes("pages");
                    plant(content, layout.kDataOffset(), layout.element(0, 3, 7, headDim), special, precision);
                    plant(content, layout.vDataOffset(), layout.element(1, 5, 8, headDim), -special, precision);
                    new OneOp()
                            .randoms("q", DType.F32, random, 1, 2, numQoHeads, headDim)
                            .ints("offsets", shape(2), 0, 2)
                            .ints("lengths", shape(1), 59)
                            .output("out", DType.F32, 2, numQoHeads, headDim)
                            .output("lse", DType.F32, 2, numQoHeads)
                            .state("pages", DType.U8, shape(PAGES, layout.pageBytes()), content)
                            .ints("table", shape(1, 4), 1, 0, 3, 2)
                            .run(attention(layout, KvAddressing.LINEAR, HeadPattern.DENSE, heads, Optional.empty()))
                            .close("out", 2e-5)
                            .close("lse", 2e-5);
                }
            }
        }
    }

    private static void plant(byte[] content, long offset, long element, float value, KvPrecision precision) {
        MemorySegment bytes = MemorySegment.ofArray(content);
        switch (precision) {
            case F32 -> bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4 * element, value);
            case F16 -> bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset + 2 * element, Float.floatToFloat16(value));
            case BF16 ->
                bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset + 2 * element, (short)
                        (Float.floatToRawIntBits(value) >>> 16));
            case INT8, INT4 -> throw new IllegalArgumentException(precision + " has no special numbers");
        }
    }

    @ParameterizedTest
    @EnumSource(KvPrecision.class)
    void gatheredRows(KvPrecision precision) {
        HeadMap heads = HeadMap.byRank(6, 3, List.of(0, 2), List.of(0, 2));
        KvPageLayout layout = new KvPageLayout(2, 16, 22, 24, precision, precision, 0);
        for (Retention retention : List.of(new Retention.Everything(), new Retention.SinkAndRecent(3, 20))) {
            for (boolean round : new boolean[] {false, true}) {
                int[] past = {50, 0, 9};
                int[] offsets = {0, 4, 9, 10};
                int[] kvOffsets = new int[4];
                for (int s = 0; s < 3; s++) {
                    kvOffsets[s + 1] =
                            kvOffsets[s] + (int) retention.retainedTokens(past[s]) + offsets[s + 1] - offsets[s];
                }
                OneOp test = new OneOp()
                        .randoms("kNow", DType.F32, random, 1, 10, 3, 22)
                        .randoms("vNow", DType.F32, random, 1, 10, 3, 24)
                        .ints("offsets", shape(4), offsets)
                        .ints("past", shape(3), past)
                        .ints("kvOffsets", shape(4), kvOffsets)
                        .output("k", DType.F16, kvOffsets[3] + 2, 2, 22)
                        .output("v", DType.F16, kvOffsets[3] + 2, 2, 24)
                        .output("positions", DType.I32, kvOffsets[3] + 2);
                tables(test, layout, 3, PAGES / 3, filled(layout, heads, 3));
                test.run(new KvDequantize(
                                heads,
                                pages(layout, KvAddressing.LINEAR),
                                retention,
                                round,
                                ref("kNow"),
                                ref("vNow"),
                                ref("offsets"),
                                ref("past"),
                                ref("kvOffsets"),
                                ref("k"),
                                ref("v"),
                                ref("positions")))
                        .same("k", "v", "positions");
            }
        }
    }

    @Test
    void statisticsAndScores() {
        HeadMap heads = HeadMap.byRank(6, 3, List.of(0, 2), List.of(0, 2));
        for (int headDim : new int[] {6, 32, 64}) {
            KvPageLayout layout = new KvPageLayout(2, 16, headDim, 8, KvPrecision.INT4, KvPrecision.F16, 4);
            OneOp stats = new OneOp().ints("from", shape(3), 5, 0, 9).ints("lengths", shape(3), 77, 0, 40);
            tables(stats, layout, 3, PAGES / 3, filled(layout, heads, 3));
            stats.run(new PageStats(pages(layout, KvAddressing.LINEAR), ref("from"), ref("lengths")))
                    .same("pages")
                    .run(new PageStats(pages(layout, new KvAddressing.Ring(1, 2)), ref("from"), ref("lengths")))
                    .same("pages");
            for (PageChoice.SelectionScope scope : PageChoice.SelectionScope.values()) {
                OneOp scores = new OneOp()
                        .randoms("q", DType.BF16, random, 1, 3, 6, headDim)
                        .ints("lengths", shape(3), 1, 13 * 16, 50)
                        .output("scores", DType.F32, 3, scope.numLists(6, 3), 80);
                tables(scores, layout, 3, PAGES / 3, filled(layout, heads, 3));
                scores.run(new PageScore(
                                heads,
                                scope,
                                pages(layout, KvAddressing.LINEAR),
                                ref("q"),
                                ref("lengths"),
                                ref("scores")))
                        .close("scores", 1e-5);
            }
        }
    }

    @Test
    void copiedPages() {
        byte[] content = new byte[PAGES * 1000];
        random.nextBytes(content);
        byte[] outside = new byte[3 * 1000];
        random.nextBytes(outside);
        OneOp test = new OneOp()
                .state("pages", DType.U8, shape(PAGES, 1000), content)
                .state("staging", DType.U8, shape(3, 1000), outside)
                .ints("a", shape(3), 7, 0, 39)
                .ints("b", shape(3), 1, 2, 3);
        test.run(new KvCopy(ref("pages"), ref("a"), ref("b"))).same("pages");
        for (KvEvict.Direction direction : KvEvict.Direction.values()) {
            test.run(new KvEvict(direction, ref("pages"), ref("a"), ref("staging")))
                    .same("pages", "staging");
        }
    }

    private static PagedAttention attention(
            KvPageLayout layout,
            KvAddressing addressing,
            HeadPattern pattern,
            HeadMap heads,
            Optional<PageChoice> choice) {
        return new PagedAttention(
                heads,
                pattern,
                0.3f,
                pages(layout, addressing),
                ref("q"),
                ref("offsets"),
                ref("lengths"),
                choice,
                ref("out"),
                ref("lse"));
    }

    /** Every page full of tokens; which page holds what does not matter. */
    private byte[] filled(KvPageLayout layout, HeadMap heads, int numSeqs) {
        int[] lengths = new int[numSeqs];
        for (int s = 0; s < numSeqs; s++) {
            lengths[s] = PAGES / numSeqs * layout.pageSize() - s;
        }
        return append(layout, KvAddressing.LINEAR, heads, DType.F32, lengths).bytes("pages");
    }
}
