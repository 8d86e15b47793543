package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.Filigree;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.policies.config.AdapterConfig;
import dev.filigree.policies.config.ConfigException;
import dev.filigree.policies.config.RunConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters come and go while a model is open, and are named in configs. */
class AdaptersTest {
    private static final String PROMPT =
            "The pass key for amber otter is 83412. What is the pass key for amber otter? ";
    private static final String LAYER = "model.layers.0.self_attn.o_proj";
    private static final int RANK = TestAdapter.RANK;

    @TempDir
    private Path folder;

    private Path write(String layer, int in, int out) {
        Path file = folder.resolve(layer + ".safetensors");
        TestAdapter.write(file, layer, in, out);
        return file;
    }

    private static RunConfig config(String more) {
        return TestModels.needleConfig("limits: {maxContext: 256, prefillChunk: 128}\n" + more)
                .withBackend("cpu-vector");
    }

    private Path adapter(Filigree model) {
        DecoderConfig decoder = model.engine().decoder();
        return write(LAYER, decoder.numQoHeads() * decoder.headDim(), decoder.hiddenSize());
    }

    @Test
    void attachScaleAndDetachWhileOpen() {
        try (Filigree model = Filigree.open(config(""))) {
            String plain = model.generate(PROMPT, 6);
            assertEquals("83412.", plain);
            model.engine().attach(new AdapterConfig("noise", adapter(model), 1));
            assertNotEquals(plain, model.generate(PROMPT, 6));
            model.engine().scale("noise", 0);
            assertEquals(plain, model.generate(PROMPT, 6));
            model.engine().attach(new AdapterConfig("more", adapter(model), 0.5f));
            assertEquals(2, model.engine().adapters().size());
            assertNotEquals(plain, model.generate(PROMPT, 6));
            model.engine().detach("more");
            model.engine().detach("noise");
            assertEquals(List.of(), model.engine().adapters());
            assertEquals(plain, model.generate(PROMPT, 6));
        }
    }

    @Test
    void aConfigNamesAdapters() {
        Path file;
        try (Filigree model = Filigree.open(config(""))) {
            file = adapter(model);
        }
        RunConfig two = config("adapters:\n  - {path: '" + file + "', name: one, strength: 0.25}\n  - {path: '" + file
                + "', name: two, strength: -0.25}\n");
        try (Filigree model = Filigree.open(two)) {
            assertEquals(
                    List.of("one", "two"),
                    model.engine().adapters().stream().map(AdapterConfig::name).toList());
            assertEquals("83412.", model.generate(PROMPT, 6));
        }
        ConfigException twins =
                assertThrows(ConfigException.class, () -> config("adapters: ['" + file + "', '" + file + "']\n"));
        assertTrue(String.valueOf(twins.getMessage()).contains("two are called"), twins.getMessage());
        assertThrows(ConfigException.class, () -> config("adapters: [{path: 'missing.safetensors'}]\n"));
        assertThrows(ConfigException.class, () -> config("adapters: [{path: '" + file + "', strength: x}]\n"));
    }

    @Test
    void anAdapterThatDoesNotFitChangesNothing() {
        try (Filigree model = Filigree.open(config(""))) {
            Path wide = write(LAYER, RANK, RANK);
            assertThrows(CheckpointException.class, () -> model.engine().attach(new AdapterConfig("wide", wide, 1)));
            Path other = write("model.layers.99.self_attn.o_proj", RANK, RANK);
            assertThrows(CheckpointException.class, () -> model.engine().attach(new AdapterConfig("far", other, 1)));
            assertEquals(List.of(), model.engine().adapters());
            assertEquals("83412.", model.generate(PROMPT, 6));
        }
    }
}
