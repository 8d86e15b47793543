package dev.filigree.host.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Facts that follow from the definitions, worked out here in double precision by other routes than the code takes. */
final class RopeFrequenciesTest {
    private static final double RELATIVE = 4e-7;

    private static RopeFrequencies of(double theta, RopeScaling scaling, int headDim) {
        return RopeFrequencies.of(new RopeConfig(theta, scaling), headDim, 1);
    }

    private static void assertClose(double expected, double actual) {
        assertEquals(expected, actual, RELATIVE * expected);
    }

    @Test
    void plainFrequenciesAreAGeometricSeriesFromOne() {
        RopeFrequencies rope = of(10_000, new RopeScaling.None(), 128);
        assertEquals(64, rope.size());
        assertEquals(1f, rope.inverse(0));
        assertEquals(1, rope.attentionFactor());
        double ratio = Math.exp(-Math.log(10_000) / 64);
        for (int i = 1; i < 64; i++) {
            assertClose(ratio, rope.inverse(i) / (double) rope.inverse(i - 1));
        }
        assertClose(0.01, rope.inverse(32));
    }

    @Test
    void linearScalingDividesAll() {
        RopeFrequencies plain = of(10_000, new RopeScaling.None(), 64);
        RopeFrequencies scaled = of(10_000, new RopeScaling.Linear(4), 64);
        for (int i = 0; i < 32; i++) {
            assertEquals(plain.inverse(i) / 4, scaled.inverse(i));
        }
    }

    @Test
    void dynamicScalingStartsBeyondTheTrainedLengthAndStretchesTheLongestWave() {
        RopeConfig config = new RopeConfig(10_000, new RopeScaling.Dynamic(2, 1000));
        float[] plain = of(10_000, new RopeScaling.None(), 64).toArray();
        assertArrayEquals(plain, RopeFrequencies.of(config, 64, 1000).toArray());
        float[] twice = RopeFrequencies.of(config, 64, 2000).toArray();
        assertEquals(1f, twice[0]);
        // base * 3^(d/(d-2)) to the power (d-2)/d: the slowest wave gets 3 = factor * length / trained - (factor - 1)
        // longer
        assertClose(plain[31] / 3.0, twice[31]);
    }

    @Test
    void llama31KeepsShortWavesDividesLongOnesAndBlendsBetween() {
        RopeFrequencies plain = of(500_000, new RopeScaling.None(), 128);
        RopeFrequencies scaled = of(500_000, new RopeScaling.Llama3(8, 1, 4, 8192), 128);
        int kept = 0;
        int divided = 0;
        for (int i = 0; i < 64; i++) {
            double inverse = Math.pow(500_000, -i / 64.0);
            double rotations = 8192 * inverse / (2 * Math.PI);
            double share = Math.clamp((rotations - 1) / (4 - 1), 0, 1);
            assertClose(inverse * (share + (1 - share) / 8), scaled.inverse(i));
            kept += scaled.inverse(i) == plain.inverse(i) ? 1 : 0;
            divided += scaled.inverse(i) == plain.inverse(i) / 8 ? 1 : 0;
        }
        // more than 4 rotations over 8192 positions up to i = 28.2, less than 1 from i = 34.98 on
        assertEquals(29, kept);
        assertEquals(29, divided);
    }

    @Test
    void yarnRampsBetweenWholeDimensions() {
        RopeScaling.Yarn yarn = new RopeScaling.Yarn(4, 4096, 32, 1, true, 1.1386);
        RopeFrequencies plain = of(10_000, new RopeScaling.None(), 128);
        RopeFrequencies scaled = of(10_000, yarn, 128);
        // 128 ln(4096 / (32 * 2 pi)) / (2 ln 10000) = 20.94, and 45.03 for one rotation
        for (int i = 0; i < 64; i++) {
            double ramp = Math.clamp((i - 20) / (46.0 - 20), 0, 1);
            assertClose(plain.inverse(i) * (1 - ramp + ramp / 4), scaled.inverse(i));
        }
        assertEquals(plain.inverse(20), scaled.inverse(20));
        assertTrue(scaled.inverse(21) < plain.inverse(21));
        assertEquals(1.1386, scaled.attentionFactor());
    }

    @Test
    void yarnWithoutTruncationRampsBetweenRealNumbers() {
        RopeScaling.Yarn yarn = new RopeScaling.Yarn(4, 4096, 32, 1, false, 1);
        RopeFrequencies plain = of(10_000, new RopeScaling.None(), 128);
        RopeFrequencies scaled = of(10_000, yarn, 128);
        double low = 64 * Math.log(4096 / (64 * Math.PI)) / Math.log(10_000);
        double high = 64 * Math.log(4096 / (2 * Math.PI)) / Math.log(10_000);
        for (int i = 0; i < 64; i++) {
            double ramp = Math.clamp((i - low) / (high - low), 0, 1);
            assertClose(plain.inverse(i) * (1 - ramp + ramp / 4), scaled.inverse(i));
        }
    }

    @Test
    void yarnBordersStayInsideTheHead() {
        // trained length 4: even the fastest pair makes less than one rotation, so all are divided but pair 0 at the
        // border
        RopeFrequencies scaled = of(10_000, new RopeScaling.Yarn(4, 4, 32, 1, true, 1), 32);
        assertEquals(1f, scaled.inverse(0));
        assertClose(Math.pow(10_000, -1 / 16.0) / 4, scaled.inverse(1));
        // trained length a billion: all pairs rotate often, none is divided fully
        RopeFrequencies unscaled = of(10_000, new RopeScaling.Yarn(4, 1_000_000_000, 32, 1, true, 1), 32);
        assertClose(Math.pow(10_000, -15 / 16.0), unscaled.inverse(15));
    }

    @Test
    void theAttentionFactorIsThePapersUnlessTheFileSaysOtherwise() {
        DecoderConfig config = DecoderConfig.read(TestFiles.config("llama-yarn"));
        RopeScaling.Yarn yarn = (RopeScaling.Yarn) config.rope().scaling();
        assertEquals(0.1 * Math.log(4) + 1, yarn.attentionFactor(), 1e-12);
        assertEquals(new RopeScaling.Yarn(4, 64, 32, 1, true, yarn.attentionFactor()), yarn);
    }

    @Test
    void oddHeadsAreRefused() {
        assertEquals(
                "headDim is 3; accepted: an even number from 2",
                assertThrows(IllegalArgumentException.class, () -> of(10_000, new RopeScaling.None(), 3))
                        .getMessage());
    }
}
