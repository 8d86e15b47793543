package dev.filigree.cpu.reference.ops.blockselect;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BlockSelectReferenceTest {
    private static final float[] GOLDEN = {.10f, .05f, .40f, .02f, .03f, .40f};

    private record Options(Masking masking, BlockSelect.GroupMode group, boolean keepSink, boolean keepDiagonal) {
        static final Options CAUSAL = new Options(Masking.CAUSAL, BlockSelect.GroupMode.QUERY_HEAD, false, false);
        static final Options BIDIRECTIONAL =
                new Options(Masking.BIDIRECTIONAL, BlockSelect.GroupMode.QUERY_HEAD, false, false);

        Options with(BlockSelect.GroupMode mode) {
            return new Options(masking, mode, keepSink, keepDiagonal);
        }
    }

    /** Blocks of one token and a single query, at the last of {@code blocks} positions; all heads of one group. */
    private static OneOp lastRow(Options options, float[] thresholds, float... mass) {
        int heads = thresholds.length;
        int blocks = mass.length / heads;
        return new OneOp()
                .floats("mass", shape(1, heads, blocks), mass)
                .floats("thresholds", shape(heads), thresholds)
                .ints("qo", shape(2), 0, 1)
                .ints("ko", shape(2), 0, blocks)
                .ints("qb", shape(2), 0, 1)
                .output("counts", DType.I32, 1, heads)
                .output("indices", DType.I32, 1, heads, blocks)
                .run(new BlockSelect(
                        HeadMap.all(heads, 1),
                        options.masking,
                        1,
                        options.group,
                        options.keepSink,
                        options.keepDiagonal,
                        ref("mass"),
                        ref("thresholds"),
                        ref("qo"),
                        ref("ko"),
                        ref("qb"),
                        ref("counts"),
                        ref("indices")));
    }

    private static List<Integer> chosen(OneOp op, int head) {
        int count = op.ints("counts")[head];
        int blocks = op.ints("indices").length / op.ints("counts").length;
        return Arrays.stream(op.ints("indices"), head * blocks, head * blocks + count)
                .boxed()
                .toList();
    }

    private static List<Integer> chosen(Options options, float threshold, float... mass) {
        return chosen(lastRow(options, new float[] {threshold}, mass), 0);
    }

    @Test
    void goldenRowsCausal() {
        // sink 0 and diagonal 5 count .5; then 2 (.9), 1 (.95), 4 (.98), 3
        assertEquals(List.of(0, 5), chosen(Options.CAUSAL, .45f, GOLDEN));
        assertEquals(List.of(0, 2, 5), chosen(Options.CAUSAL, .60f, GOLDEN));
        assertEquals(List.of(0, 2, 5), chosen(Options.CAUSAL, .85f, GOLDEN));
        assertEquals(List.of(0, 1, 2, 5), chosen(Options.CAUSAL, .93f, GOLDEN));
        assertEquals(List.of(0, 1, 2, 4, 5), chosen(Options.CAUSAL, .97f, GOLDEN));
        assertEquals(List.of(0, 1, 2, 3, 4, 5), chosen(Options.CAUSAL, 1f, GOLDEN));
        assertEquals(List.of(0, 5), chosen(Options.CAUSAL, 0f, GOLDEN));
    }

    @Test
    void bidirectionalRowsKeepOnlyWhatWasAskedFor() {
        assertEquals(List.of(2, 5), chosen(Options.BIDIRECTIONAL, .60f, GOLDEN));
        assertEquals(List.of(0, 2, 5), chosen(Options.BIDIRECTIONAL, .85f, GOLDEN));
        Options sink = new Options(Masking.BIDIRECTIONAL, BlockSelect.GroupMode.QUERY_HEAD, true, false);
        assertEquals(List.of(0, 2, 5), chosen(sink, .60f, GOLDEN));
        Options diagonal = new Options(Masking.BIDIRECTIONAL, BlockSelect.GroupMode.QUERY_HEAD, false, true);
        assertEquals(List.of(5), chosen(diagonal, .2f, GOLDEN));
    }

    @Test
    void thresholdOneIsDenseEvenWhereMassUnderflowed() {
        assertEquals(List.of(0, 1, 2, 3, 4), chosen(Options.CAUSAL, 1f, .5f, .25f, 0, 0, .25f));
        assertEquals(List.of(0, 1, 4), chosen(Options.CAUSAL, .9999f, .5f, .25f, 0, 0, .25f));
    }

    @Test
    void aRowWithoutMassKeepsTheMandatoryBlocksAndNanKeepsAll() {
        assertEquals(List.of(0, 3), chosen(Options.CAUSAL, .9f, 0, 0, 0, 0));
        assertEquals(List.of(0, 1, 2, 3), chosen(Options.CAUSAL, .1f, 1, Float.NaN, 0, 0));
        assertEquals(List.of(0, 1), chosen(Options.CAUSAL, Float.NaN, 1, 1));
    }

    @Test
    void tiesGoToTheLowerBlock() {
        assertEquals(List.of(0, 1, 4), chosen(Options.CAUSAL, .5f, .2f, .2f, .2f, .2f, .2f));
    }

    @Test
    void groupsAgree() {
        // one group; sink 0 and diagonal 4 carry nothing. Head 0 wants 1; head 1 wants 1, 2; head 2 wants 3
        float[] thresholds = {.5f, .5f, .5f};
        float[] mass = {0, .8f, .1f, .1f, 0, /* */ 0, .4f, .4f, .2f, 0, /* */ 0, 0, .1f, .9f, 0};
        OneOp own = lastRow(Options.CAUSAL, thresholds, mass);
        assertEquals(List.of(0, 1, 4), chosen(own, 0));
        assertEquals(List.of(0, 1, 2, 4), chosen(own, 1));
        assertEquals(List.of(0, 3, 4), chosen(own, 2));
        OneOp union = lastRow(Options.CAUSAL.with(BlockSelect.GroupMode.UNION), thresholds, mass);
        OneOp majority = lastRow(Options.CAUSAL.with(BlockSelect.GroupMode.MAJORITY), thresholds, mass);
        // mean masses .4, .2, .4: block 1 is below half, block 3 crosses it
        OneOp mean = lastRow(Options.CAUSAL.with(BlockSelect.GroupMode.MEAN), thresholds, mass);
        for (int head = 0; head < 3; head++) {
            assertEquals(List.of(0, 1, 2, 3, 4), chosen(union, head));
            assertEquals(List.of(0, 1, 4), chosen(majority, head));
            assertEquals(List.of(0, 1, 3, 4), chosen(mean, head));
        }
    }

    @Test
    void theMeanIsOfSharesNotOfMasses() {
        // head 0 has ten times the mass: shares of block 1 are .9 and 0, of block 2 .1 and 1
        OneOp op = lastRow(
                Options.CAUSAL.with(BlockSelect.GroupMode.MEAN), new float[] {.5f, .5f}, 0, 9, 1, 0, 0, 0, 1, 0);
        assertEquals(List.of(0, 2, 3), chosen(op, 0));
        assertEquals(List.of(0, 2, 3), chosen(op, 1));
    }

    @Test
    void blockRowsStandAtAbsolutePositions() {
        // blocks of 2, queries at positions 3, 4, 5: rows of blocks 1 and 2; key blocks past the diagonal unreachable
        OneOp op = new OneOp()
                .floats("mass", shape(2, 1, 3), .5f, .5f, 9, .1f, .8f, .1f)
                .floats("thresholds", shape(1), .9f)
                .ints("qo", shape(2), 0, 3)
                .ints("ko", shape(2), 0, 6)
                .ints("qb", shape(2), 0, 2)
                .output("counts", DType.I32, 2, 1)
                .output("indices", DType.I32, 2, 1, 3)
                .run(new BlockSelect(
                        HeadMap.all(1, 1),
                        Masking.CAUSAL,
                        2,
                        BlockSelect.GroupMode.QUERY_HEAD,
                        false,
                        false,
                        ref("mass"),
                        ref("thresholds"),
                        ref("qo"),
                        ref("ko"),
                        ref("qb"),
                        ref("counts"),
                        ref("indices")));
        assertEquals(List.of(0, 1), chosen(op, 0));
        assertEquals(List.of(0, 1, 2), chosen(op, 1));
    }

    @Test
    void higherThresholdsOnlyAdd() {
        Random random = new Random(7);
        for (int round = 0; round < 50; round++) {
            float[] mass = new float[12];
            for (int c = 0; c < mass.length; c++) {
                mass[c] = random.nextInt(4) * random.nextFloat();
            }
            List<Integer> before = List.of();
            for (float threshold = 0; threshold <= 1.05f; threshold += .1f) {
                List<Integer> now = chosen(Options.CAUSAL, threshold, mass);
                assertTrue(now.containsAll(before), now + " after " + before);
                before = now;
            }
            assertEquals(12, before.size());
        }
    }
}
