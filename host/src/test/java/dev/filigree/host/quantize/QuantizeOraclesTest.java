package dev.filigree.host.quantize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.quantize.QuantizeRecipe.Smoothing;
import dev.filigree.host.quantize.math.Products;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What the searches of the quantizer promise, on inputs that are told apart from it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuantizeOraclesTest {
    private static final int IN = 128;
    private static final int OUT = 96;
    private static final int ROWS = 256;

    private final Backend backend = BackendSelector.installed()
            .select(BackendRequest.named("cpu-vector"), List.of(Products.sample()))
            .backend();
    private final Products products = new Products(backend);

    @AfterAll
    void close() {
        products.close();
        backend.close();
    }

    private QuantizeJob run(LinearModel model, QuantizeRecipe recipe) {
        return new QuantizeJob(model, recipe, products).run(report -> {});
    }

    private static QuantizeRecipe recipe(Smoothing smoothing, int rank, int iterations) {
        return new QuantizeRecipe(Scheme.W4A4_INT4, smoothing, 8, rank, Map.of(), iterations, false, List.of(), 1);
    }

    private static double error(QuantizeJob job, String step) {
        return job.reports().getFirst().errors().getOrDefault(step, Double.NaN);
    }

    private static LinearModel planted() {
        return new PlantedLayers("layer", ROWS, IN, 0, OUT);
    }

    /** The same with every row four times: what decides is what measures, so that a search can be held to its promise. */
    private static LinearModel repeated(LinearModel model) {
        return new LinearModel() {
            @Override
            public List<LinearGroup> groups() {
                return model.groups();
            }

            @Override
            public float[] weight(LinearShape linear) {
                return model.weight(linear);
            }

            @Override
            public float[] bias(LinearShape linear) {
                return model.bias(linear);
            }

            @Override
            public float[] inputs(LinearGroup group) {
                float[] x = model.inputs(group);
                for (int row = 0; row < ROWS; row++) {
                    System.arraycopy(x, row / 4 * 4 * IN, x, row * IN, IN);
                }
                return x;
            }
        };
    }

    private static LinearModel even(float outlier) {
        Random random = new Random(5);
        float[] x = new float[ROWS * IN];
        float[] w = new float[OUT * IN];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian() * (i % IN == 7 ? outlier : 1);
        }
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) random.nextGaussian();
        }
        LinearGroup group = new LinearGroup("even", List.of(new LinearShape("even", OUT, IN)), 0);
        return new LinearModel() {
            @Override
            public List<LinearGroup> groups() {
                return List.of(group);
            }

            @Override
            public float[] weight(LinearShape linear) {
                return w.clone();
            }

            @Override
            public float[] bias(LinearShape linear) {
                return new float[0];
            }

            @Override
            public float[] inputs(LinearGroup of) {
                return x.clone();
            }
        };
    }

    @Test
    void theSearchNeverLosesAgainstNoSmoothing() {
        for (Smoothing smoothing : Smoothing.values()) {
            QuantizeJob job = run(repeated(planted()), recipe(smoothing, 0, 1));
            assertTrue(
                    error(job, "smoothing") <= error(job, "plain") * (1 + 1e-9),
                    () -> smoothing + ": " + job.reports().getFirst().errors());
        }
    }

    /** Iteration 0 is the split at once, and what is kept is never worse than it. */
    @Test
    void refinementBeginsWithTheSplitAndKeepsTheBest() {
        QuantizeJob split = run(repeated(planted()), recipe(Smoothing.BALANCED, 16, 1));
        QuantizeJob refined = run(repeated(planted()), recipe(Smoothing.BALANCED, 16, 6));
        assertEquals(error(split, "low rank"), error(refined, "low rank"));
        assertTrue(error(refined, "refinement") <= error(refined, "low rank") * (1 + 1e-9));
    }

    @Test
    void errorsFallWithRank() {
        double before = Double.POSITIVE_INFINITY;
        for (int rank : new int[] {0, 1, 4, 16, 32, 64}) {
            QuantizeJob job = run(planted(), recipe(Smoothing.NONE, rank, 1));
            double error = job.reports().getFirst().finalError();
            double last = before;
            assertTrue(error <= 1.02 * before, () -> "rank " + rank + ": " + error + " after " + last);
            before = error;
        }
    }

    @Test
    void whereNothingStandsOutABranchDoesNoHarm() {
        QuantizeJob job = run(even(1), recipe(Smoothing.FULL, 32, 4));
        double last = job.reports().getFirst().finalError();
        assertTrue(
                last <= 1.01 * error(job, "plain"),
                () -> job.reports().getFirst().errors().toString());
    }

    @Test
    void oneHugeChannelIsSmoothedAway() {
        QuantizeJob job = run(even(1e4f), recipe(Smoothing.FULL, 16, 2));
        double last = job.reports().getFirst().finalError();
        assertTrue(
                last < error(job, "plain") / 2,
                () -> job.reports().getFirst().errors().toString());
    }

    @Test
    void skippedLayersStayAndTheLongestNameSetsTheRank() {
        LinearModel model = new PlantedLayers("layer", ROWS, IN, 0, 64, 32);
        QuantizeRecipe recipe = new QuantizeRecipe(
                Scheme.W4A4_INT4,
                Smoothing.NONE,
                4,
                32,
                Map.of("layer", 16, "layer.0", 8, "other", 4),
                1,
                false,
                List.of("layer.1"),
                1);
        Map<String, QuantizedWeights> weights = run(model, recipe).weights();
        assertEquals(Set.of("layer.0"), weights.keySet());
        assertEquals(8, weights.values().iterator().next().storage().rank());
    }
}
