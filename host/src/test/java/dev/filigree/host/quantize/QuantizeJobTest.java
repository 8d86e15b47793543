package dev.filigree.host.quantize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.quantize.math.LowRank;
import dev.filigree.host.quantize.math.OjAlgoSvd;
import dev.filigree.host.quantize.math.Products;
import dev.filigree.host.quantize.math.RandomizedSvd;
import dev.filigree.host.quantize.steps.SmoothingSearch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Quantizing a layer with planted outliers: what each step has to gain, and what must not depend on chance. */
class QuantizeJobTest {
    private static final int SIZE = 256;
    private static final int ROWS = 1024;
    private static final int CAUSES = 32;

    /**
     * Inputs that share 32 causes, as activations do, with eight channels 30 times larger; weights are normal. Without shared
     * causes GPTQ has nothing to move errors to, and gains nothing.
     */
    private static final class Planted implements LinearModel {
        private final LinearShape shape = new LinearShape("layer", SIZE, SIZE);
        private final float[] x = new float[ROWS * SIZE];
        private final float[] w = new float[SIZE * SIZE];
        private final float shift;

        Planted(float shift) {
            this.shift = shift;
            SplittableRandom random = new SplittableRandom(7);
            double[] mix = random.doubles(CAUSES * SIZE, -1, 1).toArray();
            for (int row = 0; row < ROWS; row++) {
                double[] causes = new double[CAUSES];
                java.util.Arrays.setAll(causes, i -> random.nextGaussian());
                for (int c = 0; c < SIZE; c++) {
                    double sum = 0.5 * random.nextGaussian();
                    for (int i = 0; i < CAUSES; i++) {
                        sum += causes[i] * mix[i * SIZE + c] / Math.sqrt(CAUSES);
                    }
                    float value = (float) (sum * (c % 32 == 5 ? 30 : 1));
                    x[row * SIZE + c] = shift == 0 ? value : Math.max(-shift, value);
                }
            }
            for (int i = 0; i < w.length; i++) {
                w[i] = (float) (0.02 * random.nextGaussian());
            }
        }

        @Override
        public List<LinearGroup> groups() {
            return List.of(new LinearGroup("group", List.of(shape), shift));
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
        public float[] inputs(LinearGroup group) {
            return x.clone();
        }
    }

    private static Backend backend() {
        return BackendSelector.installed()
                .select(
                        new BackendRequest(Optional.of("cpu-vector"), List.of(), BackendOptions.NONE, "test"),
                        List.of(Products.sample()))
                .backend();
    }

    private static QuantizeJob run(QuantizeRecipe recipe, float shift) {
        try (Backend backend = backend();
                Products products = new Products(backend)) {
            return new QuantizeJob(new Planted(shift), recipe, products).run(report -> {});
        }
    }

    private static QuantizeRecipe recipe(Scheme scheme, boolean gptq) {
        return new QuantizeRecipe(scheme, QuantizeRecipe.Smoothing.FULL, 10, 32, Map.of(), 4, gptq, List.of(), 1);
    }

    @Test
    void everyStepLowersTheErrorInThePapersOrder() {
        Map<String, Double> errors =
                run(recipe(Scheme.W4A4_INT4, true), 0).reports().getFirst().errors();
        assertEquals(List.copyOf(errors.keySet()), GroupReport.STEPS);
        double before = Double.POSITIVE_INFINITY;
        for (Map.Entry<String, Double> step : errors.entrySet()) {
            assertTrue(step.getValue() < before, () -> "after " + step.getKey() + ": " + errors);
            before = step.getValue();
        }
        assertTrue(before < errors.getOrDefault("plain", 0.0) / 2, errors::toString);
    }

    @Test
    void equalRecipesGiveEqualBytes() {
        Map<String, QuantizedTensor> first = tensors(run(recipe(Scheme.W4A4_INT4, false), 0));
        Map<String, QuantizedTensor> second = tensors(run(recipe(Scheme.W4A4_INT4, false), 0));
        assertEquals(first.keySet(), second.keySet());
        first.forEach((name, tensor) -> assertArrayEquals(
                tensor.bytes(), second.getOrDefault(name, tensor).bytes(), name));
    }

    /** What was finished is taken over bit for bit, and made anew where recipe or inputs are others. */
    @Test
    void aFinishedGroupIsNotMadeAgain(@TempDir Path folder) throws IOException {
        FinishedGroups finished = new FinishedGroups(folder.resolve("unfinished"));
        QuantizeRecipe recipe = recipe(Scheme.W4A4_INT4, false);
        QuantizeJob first = resumed(recipe, 0, finished);
        QuantizeJob second = resumed(recipe, 0, finished);
        GroupReport report = first.reports().getFirst();
        assertEquals(report.seconds(), second.reports().getFirst().seconds());
        assertEquals(report.errors(), second.reports().getFirst().errors());
        assertArrayEquals(report.smooth(), second.reports().getFirst().smooth());
        assertEquals(first.weights().keySet(), second.weights().keySet());
        Map<String, QuantizedTensor> made = tensors(first);
        tensors(second).forEach((name, tensor) -> {
            assertArrayEquals(tensor.bytes(), made.getOrDefault(name, tensor).bytes(), name);
            assertEquals(tensor.shape(), made.getOrDefault(name, tensor).shape(), name);
            assertEquals(tensor.dtype(), made.getOrDefault(name, tensor).dtype(), name);
        });
        GroupReport other =
                resumed(recipe(Scheme.W4A4_INT4, true), 0, finished).reports().getFirst();
        assertTrue(other.errors().containsKey("gptq"), () -> other.errors().toString());
        finished.clear();
        assertTrue(java.nio.file.Files.notExists(folder.resolve("unfinished")));
    }

    private static QuantizeJob resumed(QuantizeRecipe recipe, float shift, FinishedGroups finished) {
        try (Backend backend = backend();
                Products products = new Products(backend)) {
            return new QuantizeJob(new Planted(shift), recipe, products, Optional.of(finished)).run(report -> {});
        }
    }

    private static Map<String, QuantizedTensor> tensors(QuantizeJob job) {
        return job.weights().values().iterator().next().tensors();
    }

    @Test
    void shiftedInputsAreUnsignedAndLoseLess() {
        double shifted = run(recipe(Scheme.W4A4_INT4, false), 0.171875f)
                .reports()
                .getFirst()
                .finalError();
        assertTrue(shifted < 0.1, () -> "error " + shifted);
    }

    @Test
    void everySchemeStoresWhatItSays() {
        for (Scheme scheme : Scheme.values()) {
            QuantizeRecipe.Smoothing smoothing =
                    scheme.activation().isPresent() ? QuantizeRecipe.Smoothing.BALANCED : QuantizeRecipe.Smoothing.NONE;
            QuantizeJob job = run(new QuantizeRecipe(scheme, smoothing, 4, 0, Map.of(), 1, false, List.of(), 1), 0);
            QuantizedWeights weights = job.weights().values().iterator().next();
            assertEquals(scheme.weight(), weights.storage().weight());
            double error = job.reports().getFirst().finalError();
            double bound = scheme == Scheme.W8A8 ? 0.02 : 0.25;
            assertTrue(error > 0 && error < bound, () -> scheme + ": " + error);
        }
    }

    /** A bias that made up for a shift which no 16-bit activation ever gets spoilt every layer after a GELU. */
    @Test
    void onlyUnsignedActivationsAreShifted() {
        for (Scheme scheme : Scheme.values()) {
            QuantizeRecipe recipe =
                    new QuantizeRecipe(scheme, QuantizeRecipe.Smoothing.NONE, 4, 0, Map.of(), 1, false, List.of(), 1);
            LinearStorage storage =
                    run(recipe, 0.171875f).weights().values().iterator().next().storage();
            boolean shifted = scheme == Scheme.W4A4_INT4;
            assertEquals(shifted ? 0.171875f : 0, storage.shift(), scheme::toString);
            assertEquals(shifted, storage.bias().isPresent(), scheme::toString);
        }
    }

    @Test
    void searchesHaveTheCandidatesOfTheReleasedQuantizer() {
        assertEquals(
                39,
                SmoothingSearch.candidates(QuantizeRecipe.Smoothing.FULL, 20).size());
        assertEquals(
                19,
                SmoothingSearch.candidates(QuantizeRecipe.Smoothing.FULL, 10).size());
    }

    @Test
    void deadChannelsAreNotSmoothed() {
        SmoothingSearch search = new SmoothingSearch(new float[] {0, 2, 4}, new float[] {1, 0, 4}, 3);
        assertArrayEquals(new float[] {1, 1, 1}, search.vector(new SmoothingSearch.Exponents(0.5, 0.5)));
    }

    @Test
    void residualsShrinkWithRankAsTheSingularValuesSay() {
        float[] w = new Planted(0).weight(new LinearShape("layer", SIZE, SIZE));
        double before = Double.POSITIVE_INFINITY;
        for (int rank : new int[] {1, 4, 16, 64, SIZE}) {
            LowRank exact = new OjAlgoSvd().decompose(w, SIZE, SIZE, rank);
            double rest = rest(w, exact);
            assertTrue(rest <= before, () -> "rank " + rank + ": " + rest);
            assertEquals(exact.relativeError(), rest, 1e-6);
            before = rest;
        }
        assertTrue(before < 1e-6);
    }

    @Test
    void randomizedSvdIsCloseToTheExactOne() {
        float[] w = new Planted(0).weight(new LinearShape("layer", SIZE, SIZE));
        double exact = rest(w, new OjAlgoSvd().decompose(w, SIZE, SIZE, 16));
        try (Backend backend = backend();
                Products products = new Products(backend)) {
            double found = rest(w, new RandomizedSvd(products, 4, 3).decompose(w, SIZE, SIZE, 16));
            assertTrue(found >= exact - 1e-6 && found < 1.01 * exact, () -> found + " against " + exact);
        }
    }

    private static double rest(float[] w, LowRank factors) {
        double all = 0;
        double rest = 0;
        for (int i = 0; i < w.length; i++) {
            double value = w[i];
            all += value * value;
            for (int r = 0; r < factors.rank(); r++) {
                value -= (double) factors.left()[r * SIZE + i / SIZE] * factors.right()[r * SIZE + i % SIZE];
            }
            rest += value * value;
        }
        return Math.sqrt(rest / all);
    }
}
