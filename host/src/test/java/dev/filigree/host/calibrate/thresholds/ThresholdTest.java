package dev.filigree.host.calibrate.thresholds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.ExactKernels;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.calibrate.decoder.TinyDecoder;
import java.util.List;
import org.junit.jupiter.api.Test;

class ThresholdTest {

    @Test
    void takenMassReachesDownToTheLowestNeededEstimate() {
        // 0.6 and 0.35 hold 90 %; their estimates are 3 and 1, so the block of estimate 2 comes along and 0.5 does not.
        double[] exact = {0.6, 0.03, 0.35, 0.02};
        double[] estimated = {3, 2, 1, 0.5};
        assertEquals(6, BlockRow.takenMass(exact, estimated, 0.9), 1e-12);
        assertEquals(3, BlockRow.takenMass(exact, estimated, 0.6), 1e-12);
        assertEquals(6.5, BlockRow.takenMass(exact, estimated, 1), 1e-12);
    }

    @Test
    void exactMassSumsProbabilities() {
        DecoderArrays model = TinyDecoder.random(2, false, false);
        ExactKernels kernels = new ExactKernels(model);
        XAttentionShape shape = new XAttentionShape(8, 4, Residues.ANTIDIAGONAL);
        DenseDecoder decoder = new DenseDecoder(model, kernels);
        double[] x = decoder.embed(TinyDecoder.tokens(3, 21), Rows.all(21));
        decoder.run(x, 21, 0, (layer, trace, attn, lse) -> {
            double[] mass = new ExactMass(model, shape).of(trace, lse, 4);
            double[] rows = new double[3];
            for (int row = 0; row < 3; row++) {
                for (int column = 0; column < 3; column++) {
                    rows[row] += mass[row * 3 + column];
                }
            }
            assertArrayEquals(new double[] {8, 8, 5}, rows, 1e-9);
            assertEquals(0.0, mass[1]);
        });
    }

    @Test
    void searchLowersTheHeadsThatCostNothing() {
        // Head 1 must stay at its start; heads 0 and 2 may go, head 2 at a small price.
        ThresholdMetric metric = t -> -(t[1] < 0.9f ? 10 : 0) - (t[2] < 0.9f ? 0.1 : 0);
        List<ThresholdSearch.State> states = new ThresholdSearch(metric, 3, 5).run(0.9f, head -> {});
        assertEquals(4, states.size());
        assertEquals(
                List.of(0.0, 0.0, -0.1, -10.1),
                states.stream().map(ThresholdSearch.State::score).toList());
        assertArrayEquals(new float[] {0.81f, 0.9f, 0.9f}, states.get(1).thresholds(), 1e-6f);
        assertArrayEquals(
                new float[] {0.81f, 0.9f, 0.81f},
                ThresholdSearch.choose(states, -0.2).thresholds(),
                1e-6f);
        assertEquals(1, ThresholdSearch.choose(states, -0.05).steps());
        assertEquals(0, ThresholdSearch.choose(states, 1).steps());
    }

    @Test
    void searchNeverTakesMoreStepsThanAllowed() {
        List<ThresholdSearch.State> states = new ThresholdSearch(t -> 0, 6, 2).run(0.9f, head -> {});
        assertEquals(3, states.size());
        assertEquals(2, states.getLast().steps());
    }

    @Test
    void equalScoresPreferTheLaterHead() {
        List<ThresholdSearch.State> states = new ThresholdSearch(t -> 0, 3, 1).run(0.9f, head -> {});
        assertArrayEquals(new float[] {0.9f, 0.9f, 0.81f}, states.get(1).thresholds(), 1e-6f);
    }
}
