package dev.filigree.cpu.vector.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.cpu.vector.NativeFloats;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlashAttentionTest {
    private static final int NUM_KV_HEADS = 2;

    /** Says which keys a query sees; the naive side of every test. */
    private interface Sees {
        boolean test(int sequence, int head, int position, int key);
    }

    private record Case(int groupSize, int dimQk, int dimVo, Storage storage, int[] lq, int[] lk, int workers) {
        int numQoHeads() {
            return NUM_KV_HEADS * groupSize;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 64, 64, F32, 1",
        "2, 64, 64, BF16, 2",
        "3, 17, 40, F32, 2",
        "4, 128, 96, F16, 1",
        "8, 5, 3, F32, 2",
    })
    void denseCausalAlignsBottomRight(int group, int dimQk, int dimVo, Storage storage, int workers) {
        Case c = new Case(
                group, dimQk, dimVo, storage, new int[] {1, 0, 130, 67, 5}, new int[] {300, 4, 130, 260, 2}, workers);
        check(c, VisibleKeys.dense(true), null, (s, h, p, j) -> j <= p);
    }

    @Test
    void bidirectionalSeesEveryKey() {
        Case c = new Case(2, 32, 32, Storage.F32, new int[] {70, 3}, new int[] {150, 0}, 2);
        check(c, VisibleKeys.dense(false), null, (s, h, p, j) -> true);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "4, 16", "128, 256", "3, 130", "500, 1"})
    void streamingSeesSinkAndRecent(int sink, int recent) {
        Case c = new Case(2, 24, 33, Storage.F32, new int[] {400, 7}, new int[] {700, 391}, 2);
        check(c, VisibleKeys.streaming(sink, recent), null, (s, h, p, j) -> j <= p && (j < sink || j > p - recent));
    }

    @ParameterizedTest
    @CsvSource({"16", "48", "64", "128", "320"})
    void chosenBlocksAreSeen(int blockSize) {
        Case c = new Case(2, 64, 64, Storage.F32, new int[] {200, 300}, new int[] {710, 300}, 2);
        Random random = new Random(blockSize);
        boolean[][][] chosen = new boolean[64][4][64];
        for (boolean[][] row : chosen) {
            for (boolean[] head : row) {
                for (int b = 0; b < head.length; b++) {
                    head[b] = random.nextInt(3) == 0;
                }
            }
        }
        check(c, VisibleKeys.dense(true), new Lists(blockSize, chosen), (s, h, p, j) -> {
            int row = p / blockSize - (c.lk[s] - c.lq[s]) / blockSize + rowStart(c, s, blockSize);
            return j <= p && chosen[row][h][j / blockSize];
        });
    }

    @Test
    void nanStaysInTheRowsThatSeeIt() {
        try (Run run = new Run(new Case(1, 16, 16, Storage.F32, new int[] {140}, new int[] {140}, 1))) {
            run.q.set((50L * 2 + 1) * 16, Float.NaN);
            run.v.set((60L * 2) * 16 + 3, Float.NaN);
            run.go(VisibleKeys.dense(true), null);
            for (int t = 0; t < 140; t++) {
                for (int d = 0; d < 16; d++) {
                    boolean broken = Float.isNaN(run.out.get((t * 2L) * 16 + d));
                    assertEquals(t >= 60 && d == 3, broken, "head 0, token " + t + ", channel " + d);
                    broken = Float.isNaN(run.out.get((t * 2L + 1) * 16 + d));
                    assertEquals(t == 50, broken, "head 1, token " + t + ", channel " + d);
                }
            }
            assertTrue(Float.isNaN(run.lse.get(50L * 2 + 1)));
        }
    }

    @Test
    void chunksGiveTheBitsOfTheWhole() {
        try (Run whole = new Run(new Case(2, 40, 40, Storage.F32, new int[] {500}, new int[] {500}, 2));
                Run chunk = new Run(new Case(2, 40, 40, Storage.F32, new int[] {37}, new int[] {500}, 1))) {
            whole.go(VisibleKeys.streaming(70, 200), null);
            for (long i = 0; i < 37L * 4 * 40; i++) {
                chunk.q.set(i, whole.q.get(463L * 4 * 40 + i));
            }
            chunk.go(VisibleKeys.streaming(70, 200), null);
            for (long i = 0; i < 37L * 4 * 40; i++) {
                assertEquals(whole.out.get(463L * 4 * 40 + i), chunk.out.get(i), "element " + i);
            }
        }
    }

    private static int rowStart(Case c, int sequence, int blockSize) {
        int row = 0;
        for (int s = 0; s < sequence; s++) {
            row += c.lq[s] == 0 ? 0 : (c.lk[s] - 1) / blockSize - (c.lk[s] - c.lq[s]) / blockSize + 1;
        }
        return row;
    }

    private record Lists(int blockSize, boolean[][][] chosen) {}

    private static void check(Case c, VisibleKeys visible, Lists lists, Sees sees) {
        try (Run run = new Run(c)) {
            run.go(visible, lists);
            int firstQuery = 0;
            int firstKey = 0;
            for (int s = 0; s < c.lq.length; s++) {
                for (int i = 0; i < c.lq[s]; i++) {
                    for (int h = 0; h < c.numQoHeads(); h++) {
                        int position = i + c.lk[s] - c.lq[s];
                        List<Integer> keys = new ArrayList<>();
                        for (int j = 0; j < c.lk[s]; j++) {
                            if (sees.test(s, h, position, j)) {
                                keys.add(firstKey + j);
                            }
                        }
                        run.compare(firstQuery + i, h, keys);
                    }
                }
                firstQuery += c.lq[s];
                firstKey += c.lk[s];
            }
        }
    }

    /** The tensors of one case. */
    private static final class Run implements AutoCloseable {
        final Case c;
        final Arena arena = Arena.ofShared();
        final NativeFloats q;
        final NativeFloats k;
        final NativeFloats v;
        final NativeFloats out;
        final NativeFloats lse;

        Run(Case c) {
            this.c = c;
            int tokens = java.util.Arrays.stream(c.lq).sum();
            int keys = java.util.Arrays.stream(c.lk).sum();
            q = NativeFloats.random(arena, c.storage, (long) tokens * c.numQoHeads() * c.dimQk, 1);
            k = NativeFloats.random(arena, c.storage, (long) keys * NUM_KV_HEADS * c.dimQk, 2);
            v = NativeFloats.random(arena, c.storage, (long) keys * NUM_KV_HEADS * c.dimVo, 3);
            out = NativeFloats.unset(arena, Storage.F32, (long) tokens * c.numQoHeads() * c.dimVo);
            lse = NativeFloats.unset(arena, Storage.F32, (long) tokens * c.numQoHeads());
        }

        void go(VisibleKeys visible, Lists chosen) {
            int n = c.numQoHeads();
            long bytes = c.storage.bytes();
            ContiguousSource source = new ContiguousSource(c.storage);
            source.keys(k.address(), bytes * NUM_KV_HEADS * c.dimQk, bytes * c.dimQk);
            source.values(v.address(), bytes * NUM_KV_HEADS * c.dimVo, bytes * c.dimVo);
            source.offsets(offsets(c.lk));
            AttentionShape shape = new AttentionShape(
                    c.groupSize, new int[] {0, 1}, new int[] {0, 1}, c.dimQk, c.dimVo, scale(), c.storage, Storage.F32);
            try (WorkerPool pool = new WorkerPool(c.workers)) {
                FlashAttention kernel = new FlashAttention(
                        shape, visible, source, chosen == null ? null : lists(chosen), c.lq.length, pool);
                kernel.rows().queries(q.address(), bytes * n * c.dimQk, bytes * c.dimQk);
                kernel.rows().outs(out.address(), 4L * n * c.dimVo, 4L * c.dimVo);
                kernel.rows().lses(lse.address(), 4L * n, 4);
                long work = arena.allocate(kernel.workspaceBytes(), 64).address();
                kernel.run(c.lq.length, offsets(c.lq), offsets(c.lk), true, work);
            }
        }

        float scale() {
            return (float) (1 / Math.sqrt(c.dimQk));
        }

        private BlockLists lists(Lists chosen) {
            int n = c.numQoHeads();
            int width = chosen.chosen[0][0].length;
            int[] starts = new int[c.lq.length + 1];
            for (int s = 0; s <= c.lq.length; s++) {
                starts[s] = rowStart(c, s, chosen.blockSize);
            }
            int[] counts = new int[starts[c.lq.length] * n];
            int[] indices = new int[counts.length * width];
            for (int i = 0; i < counts.length; i++) {
                for (int b = 0; b < width; b++) {
                    if (chosen.chosen[i / n][i % n][b]) {
                        indices[i * width + counts[i]++] = b;
                    }
                }
            }
            BlockLists lists = new BlockLists(chosen.blockSize);
            lists.rowOffsets(arena.allocateFrom(ValueLayout.JAVA_INT, starts).address());
            lists.counts(arena.allocateFrom(ValueLayout.JAVA_INT, counts).address(), 4L * n, 4, starts[c.lq.length]);
            lists.indices(
                    arena.allocateFrom(ValueLayout.JAVA_INT, indices).address(), 4L * n * width, 4L * width, width);
            return lists;
        }

        private long offsets(int[] lengths) {
            int[] offsets = new int[lengths.length + 1];
            for (int s = 0; s < lengths.length; s++) {
                offsets[s + 1] = offsets[s] + lengths[s];
            }
            return arena.allocateFrom(ValueLayout.JAVA_INT, offsets).address();
        }

        void compare(int token, int head, List<Integer> keys) {
            int slot = head / c.groupSize;
            double[] weights = new double[keys.size()];
            double max = Double.NEGATIVE_INFINITY;
            for (int n = 0; n < weights.length; n++) {
                for (int d = 0; d < c.dimQk; d++) {
                    weights[n] += (double) q.get(((long) token * c.numQoHeads() + head) * c.dimQk + d)
                            * k.get(((long) keys.get(n) * NUM_KV_HEADS + slot) * c.dimQk + d);
                }
                weights[n] *= scale();
                max = Math.max(max, weights[n]);
            }
            double sum = 0;
            for (int n = 0; n < weights.length; n++) {
                weights[n] = Math.exp(weights[n] - max);
                sum += weights[n];
            }
            String where = "token " + token + ", head " + head;
            double lseWanted = keys.isEmpty() ? Double.NEGATIVE_INFINITY : max + Math.log(sum);
            assertEquals(lseWanted, lse.get((long) token * c.numQoHeads() + head), 4e-6, where);
            for (int d = 0; d < c.dimVo; d++) {
                double wanted = 0;
                for (int n = 0; n < weights.length; n++) {
                    wanted += weights[n] / sum * v.get(((long) keys.get(n) * NUM_KV_HEADS + slot) * c.dimVo + d);
                }
                float got = out.get(((long) token * c.numQoHeads() + head) * c.dimVo + d);
                assertEquals(wanted, got, 4e-6, where + ", channel " + d);
            }
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
