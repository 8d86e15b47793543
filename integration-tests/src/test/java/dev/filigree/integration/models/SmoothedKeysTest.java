package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.host.check.ReferenceCase;
import dev.filigree.host.check.ReferenceCheck;
import dev.filigree.host.check.ReferenceFile;
import dev.filigree.host.check.Tracer;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.host.keys.FoldedCheckpoint;
import dev.filigree.host.keys.KeyFold;
import dev.filigree.host.keys.KeySmoothing;
import dev.filigree.policies.config.AdapterConfig;
import dev.filigree.policies.paged.PagedConfig;
import dev.filigree.policies.paged.PagedPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Decoders with smoothed keys answer as without: to the bit over a 32-bit cache, since factors are powers of two. */
class SmoothedKeysTest {
    private static final int MAX_CONTEXT = 192;

    @TempDir
    private Path folder;

    /** Grouped heads, a bias, a norm per head. */
    static Stream<Arguments> variantsOnBackends() {
        return TestModels.cpuBackends().stream()
                .flatMap(backend -> Stream.of("llama31", "qwen2", "qwen3").map(name -> Arguments.of(backend, name)));
    }

    private Path factors(String variant) {
        DecoderConfig config = DecoderConfig.read(TestModels.tiny(variant));
        Random random = new Random(11);
        List<List<List<Float>>> layers = new ArrayList<>();
        for (int layer = 0; layer < config.numLayers(); layer++) {
            List<List<Float>> heads = new ArrayList<>();
            for (int head = 0; head < config.numKvHeads(); head++) {
                List<Float> pairs = new ArrayList<>();
                for (int pair = 0; pair < config.headDim() / 2; pair++) {
                    pairs.add(Math.scalb(1f, random.nextInt(7) - 3));
                }
                heads.add(config.qkNorm() && head > 0 ? heads.getFirst() : pairs);
            }
            layers.add(heads);
        }
        Path file = folder.resolve(variant + ".json");
        new KeySmoothing(0.5, layers).write(file);
        return file;
    }

    private static EngineConfig config(Path checkpoint, String backend, KvPrecision keys) {
        EngineConfig exact = TestModels.exact(checkpoint, backend, 1, MAX_CONTEXT);
        return new EngineConfig(
                exact.checkpoint(),
                exact.attention(),
                new PagedPolicy(new PagedConfig(16, keys, KvPrecision.F32, PrefillReads.STORED)),
                exact.linear(),
                exact.activations(),
                exact.maxContext(),
                exact.maxSeqs(),
                exact.chunkTokens(),
                exact.kvBudgetBytes(),
                exact.backend());
    }

    private static ReferenceCase reference(String variant) {
        return ReferenceFile.read(TestModels.tiny(variant).resolve("reference.json"))
                .getFirst();
    }

    /** Logits of every position, in two chunks. */
    private static float[] logits(Engine engine, String variant) {
        int[] ids = Arrays.copyOf(reference(variant).idArray(), 80);
        int vocab = engine.decoder().vocabSize();
        float[] all = new float[ids.length * vocab];
        float[] row = new float[vocab];
        new Tracer(engine).prefill(List.of(ids), 48, (sequence, position, results, at) -> {
            results.logits(at, row);
            System.arraycopy(row, 0, all, position * vocab, vocab);
        });
        return all;
    }

    @ParameterizedTest
    @MethodSource("variantsOnBackends")
    void answersStayToTheBit(String backend, String variant) {
        Path factors = factors(variant);
        Path checkpoint = TestModels.tiny(variant);
        EngineConfig plain = config(checkpoint, backend, KvPrecision.F32);
        Path folded = folder.resolve("folded");
        try (Checkpoint source = Checkpoint.open(checkpoint)) {
            FoldedCheckpoint.write(source, KeyFold.of(source, Optional.of(factors)), folded);
        }
        float[] expected;
        try (Engine engine = TestModels.open(plain)) {
            expected = logits(engine, variant);
        }
        try (Engine engine = TestModels.open(plain.withKeySmoothing(factors))) {
            assertArrayEquals(expected, logits(engine, variant));
            assertTrue(new ReferenceCheck(engine, 64, 1e-4, Optional.empty())
                    .run(reference(variant))
                    .passes());
        }
        try (Engine engine = TestModels.open(config(folded, backend, KvPrecision.F32))) {
            assertArrayEquals(expected, logits(engine, variant));
        }
    }

    /** That the cache holds other keys is seen where it rounds them. */
    @ParameterizedTest
    @MethodSource("variantsOnBackends")
    void roundedKeysAreOtherKeys(String backend, String variant) {
        EngineConfig plain = config(TestModels.tiny(variant), backend, KvPrecision.INT4);
        float[] expected;
        try (Engine engine = TestModels.open(plain)) {
            expected = logits(engine, variant);
        }
        try (Engine engine = TestModels.open(plain.withKeySmoothing(factors(variant)))) {
            assertFalse(Arrays.equals(expected, logits(engine, variant)));
        }
    }

    /** An adapter of a smoothed projection adds to smoothed outputs, so it takes the factors too. */
    @Test
    void adaptersTakeTheFactors() {
        EngineConfig plain = config(TestModels.tiny("llama31"), "cpu-vector", KvPrecision.F32);
        DecoderConfig decoder = DecoderConfig.read(TestModels.tiny("llama31"));
        List<AdapterConfig> adapters = new ArrayList<>();
        for (String name : List.of("q_proj", "k_proj")) {
            int heads = name.equals("q_proj") ? decoder.numQoHeads() : decoder.numKvHeads();
            Path file = folder.resolve(name + ".safetensors");
            TestAdapter.write(
                    file, "model.layers.0.self_attn." + name, decoder.hiddenSize(), heads * decoder.headDim());
            adapters.add(new AdapterConfig(name, file, 0.5f));
        }
        float[] without;
        float[] expected;
        try (Engine engine = TestModels.open(plain)) {
            without = logits(engine, "llama31");
        }
        try (Engine engine = TestModels.open(plain.withAdapters(adapters))) {
            expected = logits(engine, "llama31");
        }
        assertFalse(Arrays.equals(without, expected));
        try (Engine engine = TestModels.open(plain.withAdapters(adapters).withKeySmoothing(factors("llama31")))) {
            assertArrayEquals(expected, logits(engine, "llama31"));
        }
    }

    @Test
    void factorsOfAnotherModelAreRefused() {
        Path factors = factors("qwen2");
        EngineConfig other = config(TestModels.needle(), "cpu-reference", KvPrecision.F32);
        CheckpointException refusal =
                assertThrows(CheckpointException.class, () -> TestModels.open(other.withKeySmoothing(factors)));
        assertEquals(
                factors + ": factors is an array of 2; accepted: an array of the model's 6 layers",
                refusal.getMessage());
    }
}
