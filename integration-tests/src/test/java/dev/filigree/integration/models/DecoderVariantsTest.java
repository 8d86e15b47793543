package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.check.CheckResult;
import dev.filigree.host.check.ReferenceCase;
import dev.filigree.host.check.ReferenceCheck;
import dev.filigree.host.check.ReferenceFile;
import dev.filigree.host.engine.Engine;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every decoder variant gives the numbers that Hugging Face transformers gives, however its prompt is cut. */
class DecoderVariantsTest {
    private static final double TOLERANCE = 1e-4;
    private static final int MAX_CONTEXT = 192;

    static Stream<Arguments> variantsOnBackends() {
        return TestModels.cpuBackends().stream()
                .flatMap(backend -> TestModels.VARIANTS.stream().map(variant -> Arguments.of(backend, variant)));
    }

    @ParameterizedTest
    @MethodSource("variantsOnBackends")
    void agreesWithTheReferenceWholeAndInChunks(String backend, String variant) {
        ReferenceCase reference = reference(variant);
        assertEquals(7, reference.logits().size());
        assertEquals(160, reference.argmax().size());
        try (Engine engine = engine(backend, variant, 1)) {
            for (int chunk : new int[] {reference.ids().size(), 64, 3, 1}) {
                CheckResult result = check(engine, chunk).run(reference);
                assertTrue(result.passes(), () -> "chunk " + chunk + ": " + result);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variantsOnBackends")
    void agreesWithTheReferenceInARaggedBatch(String backend, String variant) {
        ReferenceCase reference = reference(variant);
        int[] ids = reference.idArray();
        List<int[]> batch = List.of(Arrays.copyOf(ids, 49), ids, Arrays.copyOf(ids, 101));
        try (Engine engine = engine(backend, variant, 3)) {
            for (int chunk : new int[] {ids.length, 64, 3}) {
                CheckResult result = check(engine, chunk).run(reference, batch);
                assertTrue(result.passes(), () -> "chunk " + chunk + ": " + result);
            }
        }
    }

    private static ReferenceCase reference(String variant) {
        return ReferenceFile.read(TestModels.tiny(variant).resolve("reference.json"))
                .getFirst();
    }

    private static Engine engine(String backend, String variant, int maxSeqs) {
        return TestModels.open(TestModels.exact(TestModels.tiny(variant), backend, maxSeqs, MAX_CONTEXT));
    }

    private static ReferenceCheck check(Engine engine, int chunk) {
        return new ReferenceCheck(engine, chunk, TOLERANCE, Optional.empty());
    }
}
