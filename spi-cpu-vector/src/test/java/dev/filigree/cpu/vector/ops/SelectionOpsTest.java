package dev.filigree.cpu.vector.ops;

import static dev.filigree.cpu.vector.testing.OneOp.ref;
import static dev.filigree.cpu.vector.testing.OneOp.shape;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.op.Sample;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.testing.OneOp;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ops whose results are integers: equal to the reference's. */
class SelectionOpsTest {
    private final Random random = new Random(3);

    @ParameterizedTest
    @EnumSource(SelectionScope.class)
    void pageLists(SelectionScope scope) {
        HeadMap heads = HeadMap.byHead(6, 3, List.of(0, 2));
        int lists = scope.numLists(6, 3);
        int[] lengths = {1, 31, 32, 100, 101, 128};
        float[] scores = new float[lengths.length * lists * 32];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = i % 11 == 0 ? -0f : random.nextInt(4);
        }
        scores[3 * lists * 32 + 5] = Float.NaN;
        scores[3 * lists * 32 + 6] = Float.NEGATIVE_INFINITY;
        for (int interval : new int[] {1, 4}) {
            for (int stored : new int[] {0, 5, 7}) {
                int[] counts = new int[9 * lists];
                int[] pages = new int[9 * lists * 9];
                java.util.Arrays.fill(counts, stored);
                for (int i = 0; i < pages.length; i++) {
                    pages[i] = 3 * (i % 9);
                }
                new OneOp()
                        .floats("scores", DType.F32, shape(lengths.length, lists, 32), scores)
                        .ints("lengths", shape(lengths.length), lengths)
                        .ints("counts", shape(9, lists), counts)
                        .writable("counts")
                        .ints("pages", shape(9, lists, 9), pages)
                        .writable("pages")
                        .ints("slots", shape(lengths.length), 8, 0, 3, 4, 5, 6)
                        .run(new PageSelect(
                                heads,
                                7,
                                2,
                                4,
                                interval,
                                ref("scores"),
                                ref("lengths"),
                                new PageChoice(ref("counts"), ref("pages"), ref("slots"), scope)))
                        .same("counts", "pages");
            }
        }
    }

    @Test
    void draws() {
        int n = 300;
        int rows = 60;
        float[] logits = new float[rows * n];
        float[] temperatures = new float[rows];
        float[] topPs = new float[rows];
        int[] topKs = new int[rows];
        int[] positions = new int[rows];
        long[] seeds = new long[rows];
        for (int s = 0; s < rows; s++) {
            for (int i = 0; i < n; i++) {
                logits[s * n + i] = s % 3 == 0 ? random.nextInt(3) : 3 * (float) random.nextGaussian();
            }
            temperatures[s] = s % 7 == 0 ? 0 : 0.3f + s % 5;
            topPs[s] = s % 2 == 0 ? 1 : 0.05f + 0.9f * random.nextFloat();
            topKs[s] = s % 4 == 0 ? 0 : random.nextInt(400);
            positions[s] = random.nextInt(1000);
            seeds[s] = random.nextLong();
        }
        logits[5 * n + 17] = Float.NaN;
        logits[6 * n + 18] = Float.POSITIVE_INFINITY;
        logits[8 * n + 19] = Float.NEGATIVE_INFINITY;
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
            new OneOp()
                    .floats("logits", dtype, shape(rows, n), logits)
                    .floats("temperatures", DType.F32, shape(rows), temperatures)
                    .floats("topPs", DType.F32, shape(rows), topPs)
                    .ints("topKs", shape(rows), topKs)
                    .ints("positions", shape(rows), positions)
                    .longs("seeds", seeds)
                    .output("tokens", DType.I32, rows)
                    .run(new Sample(
                            ref("logits"),
                            ref("temperatures"),
                            ref("topKs"),
                            ref("topPs"),
                            ref("seeds"),
                            ref("positions"),
                            ref("tokens")))
                    .same("tokens");
        }
    }
}
