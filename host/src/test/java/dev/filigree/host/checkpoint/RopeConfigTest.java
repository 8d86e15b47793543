package dev.filigree.host.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spellings and defaults of rope scaling that the sample files do not have. */
final class RopeConfigTest {
    @TempDir
    Path directory;

    private RopeConfig rope(String keys) {
        String text = TestFiles.configText("needle")
                .replace("\"rope_theta\": 1000000.0,", "")
                .replace("\"rope_scaling\": null", keys.replace('\'', '"'));
        TestFiles.write(directory.resolve("config.json"), text.getBytes(StandardCharsets.UTF_8));
        return DecoderConfig.read(directory).rope();
    }

    @Test
    void thetaDefaultsToTenThousandAndMayBeWhole() {
        assertEquals(new RopeConfig(10_000, new RopeScaling.None()), rope("'rope_scaling': null"));
        assertEquals(new RopeConfig(500_000, new RopeScaling.None()), rope("'rope_theta': 500000"));
        assertEquals(
                new RopeConfig(7, new RopeScaling.None()),
                rope("'rope_theta': 500000, 'rope_parameters': {'rope_type': 'default', 'rope_theta': 7}"));
    }

    @Test
    void theTrainedLengthDefaultsToTheModels() {
        assertEquals(
                new RopeScaling.Dynamic(2, 32768),
                rope("'rope_scaling': {'type': 'dynamic', 'factor': 2}").scaling());
        assertEquals(
                new RopeScaling.Yarn(1, 32768, 32, 1, true, 1),
                rope("'rope_scaling': {'type': 'yarn'}").scaling());
    }

    @Test
    void yarnsFactorIsTheRatioOfTheLengthsUnlessGiven() {
        RopeScaling.Yarn ratio = (RopeScaling.Yarn)
                rope("'rope_scaling': {'rope_type': 'yarn', " + "'original_max_position_embeddings': 8192}")
                        .scaling();
        assertEquals(4, ratio.factor());
        RopeScaling.Yarn given = (RopeScaling.Yarn) rope("'rope_scaling': {'rope_type': 'yarn', 'factor': 16, "
                        + "'original_max_position_embeddings': 8192, 'beta_fast': 24, 'beta_slow': 2, 'truncate': false}")
                .scaling();
        assertEquals(new RopeScaling.Yarn(16, 8192, 24, 2, false, 0.1 * Math.log(16) + 1), given);
    }

    @Test
    void yarnsAttentionFactorIsGivenOrARatioOfMagnitudes() {
        assertEquals(0.5, attentionFactor("'attention_factor': 0.5"), 0);
        assertEquals(
                (0.1 * 0.707 * Math.log(4) + 1) / (0.1 * 1.5 * Math.log(4) + 1),
                attentionFactor("'mscale': 0.707, 'mscale_all_dim': 1.5"),
                1e-12);
        assertEquals(0.1 * Math.log(4) + 1, attentionFactor("'mscale': 0.707"), 1e-12);
    }

    private double attentionFactor(String keys) {
        return ((RopeScaling.Yarn) rope("'rope_scaling': {'rope_type': 'yarn', 'factor': 4, " + keys + "}")
                        .scaling())
                .attentionFactor();
    }
}
