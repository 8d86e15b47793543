package dev.filigree.host.calibrate.thresholds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.ExactKernels;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.calibrate.decoder.TinyDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    /** A search that is stopped after any evaluation goes on there, evaluates nothing twice and ends the same. */
    @Test
    void anInterruptedSearchEndsAsAWholeOne(@TempDir Path folder) {
        List<ThresholdSearch.State> whole = new ThresholdSearch(ThresholdTest::bumpy, 4, 3).run(0.9f, head -> {});
        Path file = folder.resolve("steps.state");
        int evaluated = 0;
        List<ThresholdSearch.State> states = List.of();
        while (states.isEmpty()) {
            StepLog log = StepLog.open(Optional.of(file), "a run");
            assertEquals(evaluated, log.known());
            int[] left = {2};
            try {
                states = new ThresholdSearch(
                                t -> log.next(1, () -> {
                                    if (left[0]-- == 0) {
                                        throw new IllegalStateException("stopped");
                                    }
                                    return new double[] {bumpy(t)};
                                })[0],
                                4,
                                3)
                        .run(0.9f, head -> {});
            } catch (IllegalStateException stopped) {
                evaluated += 2;
            }
        }
        assertEquals(whole.size(), states.size());
        for (int i = 0; i < whole.size(); i++) {
            assertEquals(whole.get(i).score(), states.get(i).score());
            assertArrayEquals(whole.get(i).thresholds(), states.get(i).thresholds());
        }
        CalibrationException other =
                assertThrows(CalibrationException.class, () -> StepLog.open(Optional.of(file), "another run"));
        assertEquals(file + " belongs to the run \"# a run\"; accepted: \"# another run\"", other.getMessage());
        StepLog log = StepLog.open(Optional.of(file), "a run");
        assertThrows(CalibrationException.class, () -> log.next(2, () -> new double[2]));
    }

    @Test
    void aLogWithoutItsRunIsRefused(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("steps.state"), "# filigree calibration steps 1\n\n");
        CalibrationException refused =
                assertThrows(CalibrationException.class, () -> StepLog.open(Optional.of(file), "a run"));
        assertEquals(file + " belongs to the run \"\"; accepted: \"# a run\"", refused.getMessage());
    }

    private static double bumpy(float[] thresholds) {
        double score = 0;
        for (int i = 0; i < thresholds.length; i++) {
            score -= (i + 1) / 3.0 * Math.sin(100 * thresholds[i]);
        }
        return score;
    }

    @Test
    void equalScoresPreferTheLaterHead() {
        List<ThresholdSearch.State> states = new ThresholdSearch(t -> 0, 3, 1).run(0.9f, head -> {});
        assertArrayEquals(new float[] {0.9f, 0.9f, 0.81f}, states.get(1).thresholds(), 1e-6f);
    }
}
