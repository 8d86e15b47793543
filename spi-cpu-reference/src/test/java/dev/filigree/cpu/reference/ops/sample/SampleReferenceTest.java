package dev.filigree.cpu.reference.ops.sample;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.op.Sample;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SampleReferenceTest {
    private static final Sample OP = new Sample(
            ref("logits"),
            ref("temperatures"),
            ref("topKs"),
            ref("topPs"),
            ref("seeds"),
            ref("positions"),
            ref("tokens"));

    private static OneOp rows(float[] logits, float temperature, int topK, float topP, long... seeds) {
        int n = seeds.length;
        float[] repeated = new float[n * logits.length];
        for (int i = 0; i < n; i++) {
            System.arraycopy(logits, 0, repeated, i * logits.length, logits.length);
        }
        float[] temperatures = new float[n];
        Arrays.fill(temperatures, temperature);
        float[] topPs = new float[n];
        Arrays.fill(topPs, topP);
        int[] topKs = new int[n];
        Arrays.fill(topKs, topK);
        int[] positions = new int[n];
        Arrays.fill(positions, 1);
        return new OneOp()
                .floats("logits", shape(n, logits.length), repeated)
                .floats("temperatures", shape(n), temperatures)
                .ints("topKs", shape(n), topKs)
                .floats("topPs", shape(n), topPs)
                .longs("seeds", seeds)
                .ints("positions", shape(n), positions)
                .output("tokens", DType.I32, n)
                .run(OP);
    }

    private static final float[] EIGHTHS = {0, (float) Math.log(2), (float) Math.log(5)}; // p = 1/8, 2/8, 5/8

    @Test
    void uniformIsTheFirstSplitMix64OutputOfSeedZero() {
        // SplitMix64 of state 0 gives 0xe220a8397b1dcdaf first; its upper 53 bits are 0.8833108082...
        assertEquals(0.8833108082136426, SampleReference.uniform(0, 1), 0);
    }

    @Test
    void takesTheFirstTokenWhoseRunningSumExceedsU() {
        // u = 0.8833; falling order 2 (0.625), 1 (0.875), 0 (1.0): token 0
        assertArrayEquals(new int[] {0}, rows(EIGHTHS, 1, 0, 1, 0).ints("tokens"));
        // top 2: sums 5/7 = 0.714 and 1: token 1
        assertArrayEquals(new int[] {1}, rows(EIGHTHS, 1, 2, 1, 0).ints("tokens"));
        // 0.625 reaches topP 0.6 alone: token 2
        assertArrayEquals(new int[] {2}, rows(EIGHTHS, 1, 0, 0.6f, 0).ints("tokens"));
        // temperature 1/2 squares the odds: 25/30 = 0.8333, 29/30: token 1
        assertArrayEquals(new int[] {1}, rows(EIGHTHS, 0.5f, 0, 1, 0).ints("tokens"));
    }

    @Test
    void temperatureZeroAndBrokenRowsAreArgmax() {
        assertArrayEquals(new int[] {2}, rows(EIGHTHS, 0, 0, 1, 0).ints("tokens"));
        assertArrayEquals(
                new int[] {1}, rows(new float[] {0, Float.NaN, 1}, 1, 0, 1, 0).ints("tokens"));
        float low = Float.NEGATIVE_INFINITY;
        assertArrayEquals(
                new int[] {0}, rows(new float[] {low, low}, 1, 0, 1, 0).ints("tokens"));
    }

    @Test
    void minusInfinityIsNeverDrawn() {
        float low = Float.NEGATIVE_INFINITY;
        long[] seeds = new Random(1).longs(200).toArray();
        for (int token : rows(new float[] {low, 1, low, 1}, 1, 0, 1, seeds).ints("tokens")) {
            assertTrue(token == 1 || token == 3);
        }
    }

    @Test
    void frequenciesFollowTheProbabilities() {
        long[] seeds = new Random(2).longs(8000).toArray();
        int[] counts = new int[3];
        for (int token : rows(EIGHTHS, 1, 0, 1, seeds).ints("tokens")) {
            counts[token]++;
        }
        // binomial deviation at most sqrt(8000 / 4) = 45: five of them
        assertEquals(1000, counts[0], 225);
        assertEquals(2000, counts[1], 225);
        assertEquals(5000, counts[2], 225);
    }

    @Test
    void tiesGoToTheLowerIndex() {
        // equal logits, top 1: index 0, also for -0 and 0
        assertArrayEquals(new int[] {0}, rows(new float[] {-0f, 0f}, 1, 1, 1, 0).ints("tokens"));
    }
}
