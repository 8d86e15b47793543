package dev.filigree.integration.lserve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.lserve.LServeConfig;
import dev.filigree.policies.lserve.LServePolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the released LServe gets wrong, each by the name it has in docs/lserve.md, on every CPU backend, for lists per
 * query head and per group. Every decode step is held against an oracle that knows the tokens alone.
 */
class LServeHazardsTest {
    private static final int PAGE = LayerRun.PAGE;
    private static final int BUDGET_TOKENS = CheckedLayer.BUDGET * PAGE;

    static Stream<Arguments> settings() {
        return BackendSelector.installed().providers().stream()
                .filter(provider -> provider.name().startsWith("cpu-"))
                .filter(provider -> BackendSelector.probe(provider) instanceof Probe.Available)
                .flatMap(provider -> Stream.of(SelectionScope.values())
                        .map(scope -> Arguments.of(Named.of(provider.name(), provider), scope)));
    }

    private static CheckedLayer layer(Backend backend, SelectionScope scope, int interval, Boolean... selects) {
        return new CheckedLayer(backend, 5, interval, scope, 2, List.of(selects));
    }

    private static Backend open(BackendProvider provider) {
        return provider.open(BackendOptions.NONE);
    }

    @ParameterizedTest
    @MethodSource("settings")
    void h1_recycledPagesForgetTheBoundsOfTheirFormerOwner(BackendProvider provider, SelectionScope scope) {
        try (Backend backend = open(provider);
                CheckedLayer layer = layer(backend, scope, 1, true, true)) {
            LayerSequence former = layer.run.open();
            layer.prefill(former, 120, 50);
            layer.run.release(former);
            LayerSequence next = layer.run.open();
            layer.prefill(next, 41);
            for (int i = 0; i < 50; i++) {
                layer.decode(next);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void h2_aReusedListNeverLosesTheNewestPage(BackendProvider provider, SelectionScope scope) {
        for (int interval : new int[] {4, 5, 8, 3 * PAGE}) {
            try (Backend backend = open(provider);
                    CheckedLayer layer = layer(backend, scope, interval, true)) {
                LayerSequence s = layer.run.open();
                layer.prefill(s, 7 * PAGE - 3);
                for (int i = 0; i < 4 * PAGE; i++) {
                    layer.decode(s);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void h3_theFirstStepAfterAPromptOfWholePagesScoresEveryHead(BackendProvider provider, SelectionScope scope) {
        try (Backend backend = open(provider);
                CheckedLayer layer = layer(backend, scope, 4, true, true, true)) {
            for (int length : new int[] {8 * PAGE - 1, 8 * PAGE, 8 * PAGE + 1}) {
                LayerSequence s = layer.run.open();
                layer.prefill(s, length);
                layer.decode(s);
                layer.run.release(s);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void h4_withinTheBudgetEveryTokenCountsOnce(BackendProvider provider, SelectionScope scope) {
        try (Backend backend = open(provider);
                CheckedLayer layer = layer(backend, scope, 4, true)) {
            for (int length = 0; length <= BUDGET_TOKENS + 2; length++) {
                LayerSequence s = layer.run.open();
                if (length > 0) {
                    layer.prefill(s, length);
                }
                layer.decode(s);
                layer.decode(s);
                layer.run.release(s);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void h5_ringsTurnOverManyPageBoundaries(BackendProvider provider, SelectionScope scope) {
        try (Backend backend = open(provider);
                CheckedLayer layer = layer(backend, scope, 4, false, true)) {
            LayerSequence one = layer.run.open();
            LayerSequence other = layer.run.open();
            layer.prefill(one, 5);
            layer.prefill(other, 31);
            layer.prefill(other, 17);
            for (int i = 0; i < 12 * PAGE; i++) {
                layer.decode(other, one);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void h6_sequencesOfABatchChooseByTheirOwnLengths(BackendProvider provider, SelectionScope scope) {
        try (Backend backend = open(provider);
                CheckedLayer layer = layer(backend, scope, 4, true, false)) {
            List<LayerSequence> batch = new ArrayList<>();
            for (int length : new int[] {
                1, PAGE - 1, PAGE, PAGE + 1, BUDGET_TOKENS - 1, BUDGET_TOKENS, BUDGET_TOKENS + 1, 3 * BUDGET_TOKENS
            }) {
                LayerSequence s = layer.run.open();
                layer.prefill(s, length);
                batch.add(s);
            }
            for (int i = 0; i < 11; i++) {
                layer.decode(batch.toArray(LayerSequence[]::new));
                if (i == 2) {
                    layer.run.release(batch.remove(6));
                } else if (i == 5) {
                    LayerSequence joins = layer.run.open();
                    layer.prefill(joins, 2 * BUDGET_TOKENS + 3);
                    batch.addFirst(joins);
                }
            }
        }
    }

    /**
     * A list of all pages is visited as the pages themselves are: to the bit where a group reads them together as in dense
     * attention; heads that read alone may be summed in other registers, so there by the rounding of sums of 32 keys.
     */
    @ParameterizedTest
    @MethodSource("settings")
    void withinTheBudgetEveryPageIsChosenAndTheResultIsDense(BackendProvider provider, SelectionScope scope) {
        ModelGeometry geometry = ModelGeometry.of(1, 6, 2, 16);
        LServePolicy lserve =
                new LServePolicy(new LServeConfig(BUDGET_TOKENS, 3, 4, 4, scope, LayerSet.NONE, new DensePolicy()));
        try (Backend backend = open(provider);
                LayerRun dense = new LayerRun(backend, new DensePolicy(), geometry, 1, 256);
                LayerRun chosen = new LayerRun(backend, lserve, geometry, 1, 256)) {
            LayerSequence a = dense.open();
            LayerSequence b = chosen.open();
            Random random = new Random(2);
            for (int length = 0; length < BUDGET_TOKENS; length++) {
                List<float[]> q = List.of(normals(random, 96));
                List<List<float[]>> k = List.of(List.of(normals(random, 32)));
                List<List<float[]>> v = List.of(List.of(normals(random, 32)));
                float[][] expected = dense.step(Phase.DECODE, List.of(a), q, k, v);
                float[][] actual = chosen.step(Phase.DECODE, List.of(b), q, k, v);
                if (scope == SelectionScope.KV_GROUP) {
                    assertArrayEquals(expected[0], actual[0], "length " + length);
                } else {
                    assertArrayEquals(expected[0], actual[0], 0x1p-18f, "length " + length);
                }
                assertArrayEquals(IntStream.rangeClosed(0, length / PAGE).toArray(), chosen.list(b, 0));
            }
        }
    }

    private static float[] normals(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Layers without heads of one class: no plan step, no page and no list of that class. */
    @ParameterizedTest
    @MethodSource("settings")
    void layersMayHaveNoHeadOfAClass(BackendProvider provider, SelectionScope scope) {
        for (boolean selects : new boolean[] {true, false}) {
            try (Backend backend = open(provider);
                    CheckedLayer layer = layer(backend, scope, 4, selects, selects)) {
                LayerSequence s = layer.run.open();
                layer.prefill(s, 67);
                for (int i = 0; i < 10; i++) {
                    layer.decode(s);
                }
            }
        }
    }

    /** Sequences come, grow by chunks and steps, and go, in any order. */
    @ParameterizedTest
    @MethodSource("settings")
    void anyInterleavingHolds(BackendProvider provider, SelectionScope scope) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int group = 1 + random.nextInt(4);
        try (Backend backend = open(provider);
                CheckedLayer layer = new CheckedLayer(
                        backend, seed, 1 + random.nextInt(9), scope, group, List.of(true, random.nextBoolean()))) {
            List<LayerSequence> alive = new ArrayList<>();
            for (int i = 0; i < 120; i++) {
                turn(layer, alive, random);
            }
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    private static void turn(CheckedLayer layer, List<LayerSequence> alive, Random random) {
        int kind = random.nextInt(10);
        if (alive.isEmpty() || (kind == 0 && alive.size() < 8)) {
            alive.add(layer.run.open());
        }
        LayerSequence one = alive.get(random.nextInt(alive.size()));
        if (one.length() == 0 || (kind == 1 && one.length() < 120)) {
            layer.prefill(one, 1 + random.nextInt(60));
        } else if (kind == 2 || one.length() > 240) {
            layer.run.release(one);
            alive.remove(one);
        } else {
            List<LayerSequence> batch = new ArrayList<>(alive);
            batch.removeIf(s -> s.length() == 0 || s.length() > 250 || random.nextInt(4) == 0);
            if (!batch.isEmpty()) {
                layer.decode(batch.toArray(LayerSequence[]::new));
            }
        }
    }
}
