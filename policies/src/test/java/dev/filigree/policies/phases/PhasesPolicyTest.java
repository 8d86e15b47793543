package dev.filigree.policies.phases;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.policies.golden.Geometries;
import dev.filigree.policies.golden.ProbePolicy;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Each phase has its policy, and the cache keeps what either may read. */
class PhasesPolicyTest {
    private static final HeadNeed WINDOW = HeadNeed.window(4, 24);
    private static final HeadNeed ALL = HeadNeed.EVERYTHING;

    private final AttentionPolicy policy =
            new PhasesPolicy(new ProbePolicy("first", WINDOW, 6, 0.25), new ProbePolicy("second", ALL, 4, 0.75));

    @Test
    void theCacheKeepsWhatEitherReads() {
        KvNeeds needs = policy.kvNeeds(Geometries.GQA);
        for (int layer = 0; layer < 3; layer++) {
            assertEquals(List.of(ALL, ALL, ALL, ALL), needs.layers().get(layer));
        }
    }

    @Test
    void figuresAreThoseOfThePhase() {
        assertEquals(0.25, policy.expectedDensity(Phase.PREFILL, 0, 100));
        assertEquals(0.75, policy.expectedDensity(Phase.DECODE, 0, 100));
        assertEquals(6, policy.chunkMultiple(), "only prompts come in chunks");
        assertEquals(
                List.of("prefill: first", "  first at 100", "decode: second", "  second at 100"),
                policy.explain(Geometries.GQA, 100));
    }

    @Test
    void bothHearOfStepAndBackend() {
        assertEquals(
                List.of("prefill: first@3", "  first@3 at 7", "decode: second@3", "  second@3 at 7"),
                policy.atStep(3).explain(Geometries.GQA, 7));
        assertEquals(
                List.of(
                        "prefill: first on here",
                        "  first on here at 7",
                        "decode: second on here",
                        "  second on here at 7"),
                policy.on(new SparseCrossover("here", OptionalLong.empty())).explain(Geometries.GQA, 7));
    }
}
