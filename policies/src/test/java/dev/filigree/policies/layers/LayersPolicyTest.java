package dev.filigree.policies.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.golden.Geometries;
import dev.filigree.policies.golden.ProbePolicy;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Each layer has the policy of its range, the others that of the rest. */
class LayersPolicyTest {
    private static final HeadNeed WINDOW = HeadNeed.window(4, 24);
    private static final HeadNeed ALL = HeadNeed.EVERYTHING;

    private static AttentionPolicy policy(String layers) {
        return new LayersPolicy(
                List.of(new LayersPolicy.LayerPolicy(LayerSet.parse(layers), new ProbePolicy("some", WINDOW, 6, 0.25))),
                new ProbePolicy("rest", ALL, 4, 0.75));
    }

    @Test
    void eachLayerNeedsWhatItsPolicyReads() {
        var layers = policy("0, 2").kvNeeds(Geometries.GQA).layers();
        assertEquals(
                List.of(WINDOW, ALL, WINDOW),
                layers.stream().map(List::getFirst).toList());
    }

    @Test
    void figuresAreThoseOfTheLayersPolicy() {
        AttentionPolicy policy = policy("1");
        assertEquals(
                List.of(0.75, 0.25, 0.75),
                List.of(
                        policy.expectedDensity(Phase.PREFILL, 0, 100),
                        policy.expectedDensity(Phase.PREFILL, 1, 100),
                        policy.expectedDensity(Phase.DECODE, 2, 100)));
        assertEquals(12, policy.chunkMultiple(), "a chunk must suit all layers");
        assertEquals(
                List.of("layers 1: some", "  some at 9", "other layers: rest", "  rest at 9"),
                policy.explain(Geometries.GQA, 9));
    }

    @Test
    void allHearOfStepAndBackend() {
        assertEquals(
                List.of("layers 1: some@2", "  some@2 at 9", "other layers: rest@2", "  rest@2 at 9"),
                policy("1").atStep(2).explain(Geometries.GQA, 9));
        assertEquals(
                "layers 1: some on here",
                policy("1")
                        .on(new SparseCrossover("here", OptionalLong.empty()))
                        .explain(Geometries.GQA, 9)
                        .getFirst());
    }

    @Test
    void layersThatTheModelLacksAreRefused() {
        PolicyRefusal refused =
                assertThrows(PolicyRefusal.class, () -> policy("1-3").kvNeeds(Geometries.GQA));
        assertEquals("layers must be 0 to 2, not 1-3", refused.sentence());
        assertEquals("attention.ranges", refused.configKey());
    }
}
