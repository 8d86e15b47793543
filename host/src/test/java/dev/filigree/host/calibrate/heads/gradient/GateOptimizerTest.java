package dev.filigree.host.calibrate.heads.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GateOptimizerTest {
    @ParameterizedTest
    @CsvSource({
        "0,0.002",
        "39,0.002",
        "40,0.00205",
        "199,0.01",
        "399,0.02",
        "1600,0.02",
        "1601,0.01995",
        "1960,0.002",
        "1999,0.002"
    })
    void scheduleRisesOverAFifthAndFallsOverTheLast(int step, double rate) {
        assertEquals(rate, new GateSchedule(0.02, 2000).rate(step), 1e-12);
    }

    @Test
    void equalGradientsMoveGatesByOneRateAStep() {
        GateOptimizer optimizer = GateOptimizer.start(2);
        for (int step = 0; step < 5; step++) {
            optimizer.clamp();
            optimizer.update(new double[] {1e-3, 7}, 0.01);
        }
        assertEquals(0.95f, optimizer.state().gates()[0], 1e-5f);
        assertEquals(0.95f, optimizer.state().gates()[1], 1e-5f);
    }

    @Test
    void gatesAreClampedBeforeTheGradientAndNotAfterTheStep() {
        GateOptimizer optimizer = GateOptimizer.start(2);
        optimizer.update(new double[] {-1, 1}, 1.5);
        assertEquals(2.5f, optimizer.state().gates()[0], 1e-5f);
        assertEquals(-0.5f, optimizer.state().gates()[1], 1e-5f);
        assertArrayEquals(new double[] {1, 0}, optimizer.clamp());
        assertArrayEquals(new float[] {1, 0}, optimizer.state().gates());
    }

    @Test
    void adamMatchesTheTextbookByHand() {
        GateOptimizer optimizer = GateOptimizer.start(1);
        optimizer.update(new double[] {2}, 0.1);
        optimizer.update(new double[] {-1}, 0.1);
        // m = 0.9 * 0.2 - 0.1 = 0.08 over 0.19; v = 0.999 * 0.004 + 0.001 = 0.004996 over 0.001999.
        double second = 0.08 / 0.19 / Math.sqrt(0.004996 / 0.001999);
        assertEquals(1 - 0.1 - 0.1 * second, optimizer.state().gates()[0], 1e-6);
    }

    @Test
    void penaltyPullsGatesAboveZeroOnly() {
        GateLoss loss = new GateLoss(0.05);
        assertEquals(0.05 * (1 + 0.5) / 4, loss.penalty(new double[] {1, 0, 0.5, 0}), 1e-15);
        assertArrayEquals(
                new double[] {0.0125, 0, 0.0125, 0},
                loss.withPenalty(new double[4], new double[] {1, 0, 0.5, 0}),
                1e-15);
    }
}
