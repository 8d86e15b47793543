package dev.filigree.cpu.reference.ops.antidiagonalscore;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AntidiagonalScoreReferenceTest {
    private static final float[] Q = {1, 0, 2, 1, 0, 1, 1, 2};
    private static final float[] K = {1, 2, 0, 1, 1, 0, 2, 1};

    /** One sequence of one head: the queries are the last of the positions. */
    private static float[] mass(
            Masking masking,
            AntidiagonalScore.Residues residues,
            int blockSize,
            int stride,
            float[] q,
            float[] k,
            int d) {
        int lq = q.length / d;
        int lk = k.length / d;
        int rows = lq == 0 ? 0 : Math.ceilDiv(lk, blockSize) - Math.floorDiv(lk - lq, blockSize);
        int blocks = Math.max(1, Math.ceilDiv(lk, blockSize));
        OneOp op = new OneOp()
                .floats("q", shape(lq, 1, d), q)
                .floats("k", shape(lk, 1, d), k)
                .ints("qo", shape(2), 0, lq)
                .ints("ko", shape(2), 0, lk)
                .ints("qb", shape(2), 0, rows)
                .output("mass", DType.F32, rows, 1, blocks)
                .run(new AntidiagonalScore(
                        HeadMap.all(1, 1),
                        masking,
                        1,
                        blockSize,
                        stride,
                        1,
                        residues,
                        ref("q"),
                        ref("k"),
                        ref("qo"),
                        ref("ko"),
                        ref("qb"),
                        ref("mass")));
        return op.floats("mass");
    }

    private static float[] causal(int blockSize, int stride, float[] q, float[] k, int d) {
        return mass(Masking.CAUSAL, AntidiagonalScore.Residues.ANTIDIAGONAL, blockSize, stride, q, k, d);
    }

    private static float[] random(int n, long seed) {
        Random random = new Random(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void goldenVectorCausal() {
        // T = [[2 . . .] [5 2 . .] [1 0 1 .] [4 1 2 5]] / 2; softmax rows [1], [.817574 .182426],
        // [.383652 .232697 .383652], [.308668 .068873 .113552 .508907]; blocks are 2 x 2 stripes
        assertArrayEquals(new float[] {2, 0, 0.993889f, 1.006111f}, causal(4, 2, Q, K, 1), 1e-6f);
    }

    @Test
    void goldenVectorBidirectional() {
        float[] mass = mass(Masking.BIDIRECTIONAL, AntidiagonalScore.Residues.ANTIDIAGONAL, 4, 2, Q, K, 1);
        assertArrayEquals(new float[] {1.244919f, 0.755081f, 0.755081f, 1.244919f}, mass, 1e-6f);
    }

    @Test
    void aChunkHasTheRowsOfTheWholePrompt() {
        float[] q = random(21 * 3, 1);
        float[] k = random(21 * 3, 2);
        float[] whole = causal(4, 2, q, k, 3);
        for (int start : new int[] {4, 8, 20}) {
            float[] chunk = causal(4, 2, Arrays.copyOfRange(q, start * 3, q.length), k, 3);
            assertArrayEquals(Arrays.copyOfRange(whole, start / 4 * 6, whole.length), chunk);
        }
        // earlier rows do not know of later keys
        float[] prefix = causal(4, 2, Arrays.copyOf(q, 8 * 3), Arrays.copyOf(k, 8 * 3), 3);
        assertArrayEquals(Arrays.copyOfRange(prefix, 2, 4), Arrays.copyOfRange(whole, 6, 8));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17})
    void rowsSumToTheirNumberOfStripesAndTheFutureHasNone(int length) {
        int blocks = Math.ceilDiv(length, 8);
        float[] mass = causal(8, 4, random(length * 2, 3), random(length * 2, 4), 2);
        for (int b = 0; b < blocks; b++) {
            double sum = 0;
            for (int c = 0; c < blocks; c++) {
                sum += mass[b * blocks + c];
                assertTrue(c <= b || mass[b * blocks + c] == 0);
            }
            assertEquals(Math.ceilDiv(Math.min(8, length - 8 * b), 4), sum, 1e-5);
        }
    }

    @Test
    void strideOneIsTheExactBlockMass() {
        // softmax over tokens: position p with equal scores gives 1 / (p + 1) to each key
        float[] mass = causal(2, 1, new float[4], new float[4], 1);
        assertArrayEquals(new float[] {2, 0, 2f / 3 + 2f / 4, 1f / 3 + 2f / 4}, mass, 1e-6f);
    }

    @Test
    void evenStridesMissEvenSlashesUnlessResiduesAlternate() {
        // query p matches key p - 16 alone: a slash one token wide
        int d = 64;
        float[] k = random(64 * d, 5);
        float[] q = new float[k.length];
        for (int i = 0; i < 48 * d; i++) {
            q[16 * d + i] = k[i] / 4; // a match adds about 4 to the mean of a stripe, noise about 1
        }
        float[] fixed = causal(8, 4, q, k, d);
        float[] alternating = mass(Masking.CAUSAL, AntidiagonalScore.Residues.ALTERNATING, 8, 4, q, k, d);
        for (int b = 4; b < 8; b++) {
            int onSlash = b * 8 + b - 2;
            // of the two stripes of a block row, the one that meets an odd key stripe samples the slash
            assertTrue(alternating[onSlash] > 0.9, "block row " + b + ": " + alternating[onSlash]);
            assertTrue(fixed[onSlash] < 0.9, "block row " + b + ": " + fixed[onSlash]);
        }
    }

    @Test
    void queriesBeforeTheFirstKeyAndEmptySequencesCountNothing() {
        // positions -4 to 1: block row -1 has no key, block row 0 has one stripe
        assertArrayEquals(new float[] {0, 1}, causal(4, 2, new float[6], new float[2], 1));
        assertArrayEquals(new float[] {0}, causal(4, 2, new float[2], new float[0], 1));
        assertEquals(0, causal(4, 2, new float[0], new float[4], 1).length);
    }

    @Test
    void nanReachesTheBlockRowsThatSeeIt() {
        float[] q = Q.clone();
        q[1] = Float.NaN;
        float[] mass = causal(4, 2, q, K, 1);
        assertTrue(Float.isNaN(mass[0]));
        assertArrayEquals(new float[] {0, 0.993889f, 1.006111f}, Arrays.copyOfRange(mass, 1, 4), 1e-6f);
    }

    @Test
    void sequencesAndGroupsAreIndexed() {
        // 2 sequences, 4 query heads over 2 KV heads of which only 1 is served from slot 0; others left alone
        float[] q = new float[16 * 4];
        float[] k = new float[16];
        for (int t = 0; t < 16; t++) {
            q[t * 4 + 2] = Q[t % 8];
            q[t * 4 + 3] = 0;
            k[t] = K[t % 8];
        }
        OneOp op = new OneOp()
                .floats("q", shape(16, 4, 1), q)
                .floats("k", shape(16, 1, 1), k)
                .ints("qo", shape(3), 0, 8, 16)
                .ints("ko", shape(3), 0, 8, 16)
                .ints("qb", shape(3), 0, 2, 4)
                .updated("mass", DType.F32, shape(4, 4, 2), new float[32])
                .run(new AntidiagonalScore(
                        HeadMap.byRank(4, 2, List.of(1), List.of(1)),
                        Masking.CAUSAL,
                        1,
                        4,
                        2,
                        1,
                        AntidiagonalScore.Residues.ANTIDIAGONAL,
                        ref("q"),
                        ref("k"),
                        ref("qo"),
                        ref("ko"),
                        ref("qb"),
                        ref("mass")));
        float[] mass = op.floats("mass");
        float third = 1f / 3;
        for (int s = 0; s < 2; s++) {
            float[] rows = Arrays.copyOfRange(mass, s * 16, s * 16 + 16);
            float[] expected = new float[16];
            System.arraycopy(new float[] {2, 0, 2, 0}, 0, expected, 4, 4);
            System.arraycopy(new float[] {0.993889f, 1.006111f, 2 * third + 0.5f, third + 0.5f}, 0, expected, 12, 4);
            assertArrayEquals(expected, rows, 1e-6f);
        }
    }
}
