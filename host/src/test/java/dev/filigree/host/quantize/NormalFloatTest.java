package dev.filigree.host.quantize;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** NF4's levels are what its paper derives them from. {@code -Dfiligree.nf4=FOLDER} rounds shapes-64 with them. */
class NormalFloatTest {
    private static final Path SHAPES = Path.of("..", "examples", "models", "shapes-64");
    /** Where the outermost quantile lies, so that both tails are a level's middle (appendix E). */
    private static final double OFFSET = 0.9677083;

    private static final int STEPS = 4000;

    /** The normal distribution function above 1/2, by Simpson's rule. */
    private static double distribution(double x) {
        double sum = 0;
        for (int i = 0; i <= STEPS; i++) {
            double t = x * i / STEPS;
            sum += (i == 0 || i == STEPS ? 1 : i % 2 == 0 ? 2 : 4) * Math.exp(-t * t / 2);
        }
        return 0.5 + sum * x / STEPS / 3 / Math.sqrt(2 * Math.PI);
    }

    private static double quantile(double p) {
        double low = 0;
        double high = 8;
        for (int i = 0; i < 60; i++) {
            double middle = (low + high) / 2;
            if (distribution(middle) < p) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    @Test
    void levelsAreQuantilesOfTheNormalDistribution() {
        double top = quantile(OFFSET);
        for (int i = 0; i <= 8; i++) {
            double above = quantile(0.5 + (OFFSET - 0.5) * i / 8) / top;
            assertEquals(above, NormalFloat.LEVELS[7 + i], 1e-5, "level " + (7 + i));
        }
        for (int i = 0; i <= 7; i++) {
            double below = quantile(0.5 + (OFFSET - 0.5) * i / 7) / top;
            assertEquals(-below, NormalFloat.LEVELS[7 - i], 1e-5, "level " + (7 - i));
        }
    }

    /** Absmax in groups of 64 of normal numbers: computed apart from this project by the same rule. */
    @Test
    void roundingMovesToTheNearestLevelOfItsGroup() {
        Random random = new Random(3);
        float[] weight = new float[128 * 192];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = (float) random.nextGaussian();
        }
        float[] rounded = NormalFloat.round(weight.clone(), 192);
        double off = 0;
        double all = 0;
        for (int i = 0; i < weight.length; i++) {
            off += Math.pow(rounded[i] - weight[i], 2);
            all += weight[i] * weight[i];
        }
        assertEquals(0.0918, Math.sqrt(off / all), 0.002);
    }

    @Test
    @EnabledIfSystemProperty(named = "filigree.nf4", matches = ".+")
    void write() throws IOException {
        NormalFloat.write(SHAPES, Path.of(System.getProperty("filigree.nf4", "")));
    }
}
