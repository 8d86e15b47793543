package dev.filigree.cpu.reference.ops;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import dev.filigree.cpu.reference.testing.Pages;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Different ops that must agree where they mean the same: 4 query heads over 2 KV heads, width 6 and 4. */
class EquivalenceTest {
    private static final HeadMap HEADS = HeadMap.all(4, 2);
    private static final int LK = 23;
    private static final float SCALE = 0.4f;

    private static float[] random(int n, long seed) {
        Random random = new Random(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static OneOp inputs(int lq) {
        return new OneOp()
                .floats("q", shape(lq, 4, 6), random(lq * 24, 1))
                .floats("k", shape(LK, 2, 6), random(LK * 12, 2))
                .floats("v", shape(LK, 2, 4), random(LK * 8, 3))
                .ints("qo", shape(2), 0, lq)
                .ints("ko", shape(2), 0, LK)
                .output("out", DType.F32, lq, 4, 4)
                .output("lse", DType.F32, lq, 4);
    }

    private static OneOp dense(int lq) {
        return inputs(lq)
                .run(new DenseAttention(
                        HEADS,
                        Masking.CAUSAL,
                        SCALE,
                        ref("q"),
                        ref("k"),
                        ref("v"),
                        ref("qo"),
                        ref("ko"),
                        ref("out"),
                        ref("lse")));
    }

    private static OneOp streaming(OneOp op, int sink, int recent) {
        return op.run(new StreamingAttention(
                HEADS,
                new HeadPattern.Streaming(sink, recent),
                SCALE,
                ref("q"),
                ref("k"),
                ref("v"),
                ref("qo"),
                ref("ko"),
                Optional.empty(),
                Optional.empty(),
                ref("out"),
                ref("lse")));
    }

    private static void assertSame(OneOp expected, OneOp actual) {
        assertArrayEquals(expected.floats("out"), actual.floats("out"), 1e-6f);
        assertArrayEquals(expected.floats("lse"), actual.floats("lse"), 1e-6f);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, LK, LK + 3})
    void aWindowThatHoldsEverythingIsDense(int lq) {
        assertSame(dense(lq), streaming(inputs(lq), 0, LK + 9));
        assertSame(dense(lq), streaming(inputs(lq), LK + 9, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, LK})
    void everyBlockChosenIsDense(int lq) {
        int blockSize = 4;
        int rows = Math.ceilDiv(LK, blockSize) - (LK - lq) / blockSize;
        int blocks = Math.ceilDiv(LK, blockSize);
        int[] counts = new int[rows * 4];
        java.util.Arrays.fill(counts, blocks);
        int[] indices =
                IntStream.range(0, rows * 4 * blocks).map(i -> i % blocks).toArray();
        OneOp op = inputs(lq)
                .ints("qb", shape(2), 0, rows)
                .ints("counts", shape(rows, 4), counts)
                .ints("indices", shape(rows, 4, blocks), indices)
                .run(new BlockSparseAttention(
                        HEADS,
                        Masking.CAUSAL,
                        SCALE,
                        blockSize,
                        ref("q"),
                        ref("k"),
                        ref("v"),
                        ref("qo"),
                        ref("ko"),
                        ref("qb"),
                        ref("counts"),
                        ref("indices"),
                        ref("out"),
                        ref("lse")));
        assertSame(dense(lq), op);
    }

    private static OneOp paged(OneOp op, KvPages kv, HeadPattern pattern) {
        return op.run(new PagedAttention(
                HEADS,
                pattern,
                SCALE,
                kv,
                ref("q"),
                ref("qo"),
                ref("lengths"),
                Optional.empty(),
                ref("out"),
                ref("lse")));
    }

    private static OneOp appended(OneOp op, KvPages kv, int[] table) {
        KvPageLayout layout = kv.layout();
        op.pages("pages", table.length, layout.pageBytes(), Pages.empty(layout, table.length));
        op.ints("table", shape(1, table.length), table);
        op.ints("positions", shape(LK), IntStream.range(0, LK).toArray());
        op.ints("ko", shape(2), 0, LK);
        op.run(new KvAppend(HEADS, kv, Optional.empty(), ref("k"), ref("v"), ref("ko"), ref("positions")));
        return op.ints("lengths", shape(1), LK);
    }

    @ParameterizedTest
    @EnumSource(KvPrecision.class)
    void pagesReadLikeTheTensorsThatWereStored(KvPrecision precision) {
        // Dense over what KvDequantize gives must be PagedAttention, and for f32 pages plain dense.
        KvPageLayout layout = new KvPageLayout(2, 4, 6, 4, precision, precision, 2);
        KvPages kv = new KvPages(layout, KvAddressing.LINEAR, ref("pages"), ref("table"));
        int lq = 5;
        OneOp op = paged(appended(inputs(lq), kv, new int[] {3, 1, 5, 0, 4, 2}), kv, HeadPattern.DENSE);
        OneOp gathered = appended(inputs(lq), kv, new int[] {3, 1, 5, 0, 4, 2})
                .floats("kc", shape(0, 2, 6))
                .floats("vc", shape(0, 2, 4))
                .ints("none", shape(2), 0, 0)
                .output("gk", DType.F32, LK, 2, 6)
                .output("gv", DType.F32, LK, 2, 4)
                .output("gp", DType.I32, LK)
                .run(new KvDequantize(
                        HEADS,
                        kv,
                        new Retention.Everything(),
                        false,
                        ref("kc"),
                        ref("vc"),
                        ref("none"),
                        ref("lengths"),
                        ref("ko"),
                        ref("gk"),
                        ref("gv"),
                        ref("gp")));
        gathered.run(new DenseAttention(
                HEADS,
                Masking.CAUSAL,
                SCALE,
                ref("q"),
                ref("gk"),
                ref("gv"),
                ref("qo"),
                ref("ko"),
                ref("out"),
                ref("lse")));
        assertArrayEquals(IntStream.range(0, LK).toArray(), gathered.ints("gp"));
        assertSame(gathered, op);
        if (precision == KvPrecision.F32) {
            assertSame(dense(lq), op);
        }
    }

    @Test
    void aRingServesTheStreamingPattern() {
        Retention.SinkAndRecent retention = new Retention.SinkAndRecent(3, 6);
        KvAddressing ring = KvAddressing.Ring.of(retention, 4); // 1 sink page + 3 pages
        KvPageLayout layout = new KvPageLayout(2, 4, 6, 4, KvPrecision.F32, KvPrecision.F32, 0);
        KvPages kv = new KvPages(layout, ring, ref("pages"), ref("table"));
        OneOp op = paged(appended(inputs(1), kv, new int[] {2, 0, 3, 1}), kv, new HeadPattern.Streaming(3, 6));
        assertSame(streaming(inputs(1), 3, 6), op);
    }

    @Test
    void partsOverDisjointKeysMergeToTheWhole() {
        // keys 0 to 7, 8 to 15 and 16 to 22 as three states of the last query
        OneOp op = inputs(1);
        int[] cuts = {0, 8, 16, LK};
        for (int part = 0; part < 3; part++) {
            op.ints("ko", shape(2), cuts[part], cuts[part + 1])
                    .output("out" + part, DType.F32, 1, 4, 4)
                    .output("lse" + part, DType.F32, 1, 4)
                    .run(new DenseAttention(
                            HEADS,
                            Masking.BIDIRECTIONAL,
                            SCALE,
                            ref("q"),
                            ref("k"),
                            ref("v"),
                            ref("qo"),
                            ref("ko"),
                            ref("out" + part),
                            ref("lse" + part)));
        }
        for (List<Integer> order : List.of(List.of(0, 1, 2), List.of(2, 0, 1))) {
            op.run(new MergeStates(
                    order.stream().map(i -> ref("out" + i)).toList(),
                    order.stream().map(i -> ref("lse" + i)).toList(),
                    ref("out"),
                    ref("lse")));
            assertSame(dense(1), op);
        }
    }
}
