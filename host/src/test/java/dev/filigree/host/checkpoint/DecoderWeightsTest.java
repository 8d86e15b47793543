package dev.filigree.host.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DecoderWeightsTest {
    @TempDir
    Path folder;

    @AfterEach
    void nothingStaysOpen() {
        assertEquals(0, MappedFile.openCount());
    }

    /** All tensors of the decoder whose config goes into the folder. */
    private List<TensorSpec> specs(String name) throws IOException {
        Files.writeString(folder.resolve("config.json"), TestFiles.configText(name));
        DecoderConfig config = DecoderConfig.read(folder);
        List<TensorSpec> specs = new ArrayList<>();
        DecoderWeights.shapes(config).forEach((role, shape) -> {
            for (int layer = 0; layer < (role.perLayer() ? config.numLayers() : 1); layer++) {
                specs.add(new TensorSpec(role.tensorName(layer), StoredType.BF16, shape));
            }
        });
        return specs;
    }

    @ParameterizedTest
    @CsvSource({"llama2, 21", "llama-tied-hd64, 20", "mistral-window, 21", "qwen2, 26", "qwen3, 25"})
    void aCompleteCheckpointIsBound(String name, int numTensors) throws IOException {
        List<TensorSpec> specs = specs(name);
        assertEquals(numTensors, specs.size());
        TestFiles.writeWeights(folder.resolve("model.safetensors"), specs);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            DecoderWeights weights = DecoderWeights.of(checkpoint);
            StoredTensor down = weights.get(WeightRole.DOWN, 1);
            assertEquals("model.layers.1.mlp.down_proj.weight", down.spec().name());
            assertEquals(List.of(128L, 192L), down.spec().shape());
            boolean tied = checkpoint.config().tiedEmbeddings();
            assertEquals(tied, weights.get(WeightRole.LM_HEAD) == weights.get(WeightRole.EMBEDDING));
            assertEquals(name.equals("qwen3"), weights.has(WeightRole.KEY_NORM));
            assertEquals(name.equals("qwen2"), weights.has(WeightRole.KEY_BIAS));
            assertTrue(weights.has(WeightRole.LM_HEAD));
            assertThrows(IllegalArgumentException.class, () -> weights.get(WeightRole.DOWN, 2));
            assertThrows(IllegalArgumentException.class, () -> weights.get(WeightRole.GATE_BIAS, 0));
        }
    }

    @Test
    void allProblemsAreReportedAtOnce() throws IOException {
        List<TensorSpec> specs = specs("llama31");
        specs.removeIf(spec -> spec.name().equals("model.norm.weight"));
        replace(specs, "model.layers.0.self_attn.k_proj.weight", StoredType.BF16, List.of(128L, 128L));
        replace(specs, "model.layers.1.mlp.up_proj.weight", StoredType.I8, List.of(192L, 128L));
        specs.add(new TensorSpec("model.layers.1.self_attn.q_proj.bias", StoredType.BF16, List.of(128L)));
        specs.add(new TensorSpec("model.layers.2.input_layernorm.weight", StoredType.BF16, List.of(128L)));
        specs.add(new TensorSpec("model.layers.0.self_attn.rotary_emb.inv_freq", StoredType.F32, List.of(16L)));
        Path file = folder.resolve("model.safetensors");
        TestFiles.writeWeights(file, specs);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            List<String> problems = assertThrows(CheckpointException.class, () -> DecoderWeights.of(checkpoint))
                    .problems();
            assertEquals(5, problems.size(), problems::toString);
            assertTrue(problems.contains(
                    folder + ": tensor model.norm.weight is missing; accepted: shape [128] of F32, F16" + " or BF16"));
            assertTrue(problems.contains(file + ": tensor model.layers.0.self_attn.k_proj.weight has shape [128, 128];"
                    + " accepted: [64, 128], which config.json asks for"));
            assertTrue(problems.contains(
                    file + ": tensor model.layers.1.mlp.up_proj.weight has type I8; accepted: F32, F16, BF16"));
            assertTrue(problems.get(3).contains("model.layers.1.self_attn.q_proj.bias has no use in this decoder"));
            assertTrue(problems.get(4).contains("model.layers.2.input_layernorm.weight has no use"));
        }
    }

    private static void replace(List<TensorSpec> specs, String name, StoredType type, List<Long> shape) {
        assertTrue(specs.removeIf(spec -> spec.name().equals(name)));
        specs.add(new TensorSpec(name, type, shape));
    }

    @Test
    void shardsAreOneCheckpointEachFileMappedOnce() throws IOException {
        List<TensorSpec> specs = specs("qwen3");
        writeShards(specs, "model-1.safetensors", "model-2.safetensors");
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertEquals(2, MappedFile.openCount());
            DecoderWeights weights = DecoderWeights.of(checkpoint);
            assertSame(checkpoint.tensor("model.norm.weight").orElseThrow(), weights.get(WeightRole.FINAL_NORM));
            assertEquals(
                    2,
                    checkpoint.tensors().values().stream()
                            .map(StoredTensor::file)
                            .distinct()
                            .count());
        }
    }

    @Test
    void aBrokenOrMissingShardClosesTheOthers() throws IOException {
        writeShards(specs("qwen3"), "model-1.safetensors", "model-2.safetensors");
        Path second = folder.resolve("model-2.safetensors");
        byte[] good = Files.readAllBytes(second);
        TestFiles.write(second, Arrays.copyOf(good, good.length - 1));
        assertFails(second + ": tensor ");
        Files.delete(second);
        assertFails(second + " does not exist");
        assertEquals(0, MappedFile.openCount());
    }

    @Test
    void anIndexThatNamesOtherTensorsOrFilesElsewhereIsRefused() throws IOException {
        List<TensorSpec> specs = specs("llama2");
        TestFiles.writeWeights(folder.resolve("part.safetensors"), specs);
        index("\"a\": \"part.safetensors\", \"b\": \"part.safetensors\"");
        CheckpointException both = assertThrows(CheckpointException.class, () -> Checkpoint.open(folder));
        assertEquals(2, both.problems().size());
        assertTrue(both.problems().getFirst().contains("tensor a is missing"), both.getMessage());
        for (String elsewhere : List.of("../part.safetensors", "/part.safetensors", "part.bin", "..", "")) {
            index("\"a\": \"" + elsewhere + "\"");
            assertFails("weight_map.a is \"" + elsewhere + "\"; accepted: the name of a .safetensors file");
        }
    }

    @Test
    void aFolderWithoutWeightsOrConfigIsRefused() throws IOException {
        assertFails("config.json does not exist");
        specs("llama2");
        assertFails("holds no weights; accepted: model.safetensors or model.safetensors.index.json");
        assertFalse(Files.exists(folder.resolve("model.safetensors")));
    }

    private void assertFails(String expected) {
        String message = assertThrows(CheckpointException.class, () -> Checkpoint.open(folder))
                .getMessage();
        assertTrue(message.contains(expected), message);
    }

    private void writeShards(List<TensorSpec> specs, String first, String second) throws IOException {
        int half = specs.size() / 2;
        TestFiles.writeWeights(folder.resolve(first), specs.subList(0, half));
        TestFiles.writeWeights(folder.resolve(second), specs.subList(half, specs.size()));
        List<String> entries = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            entries.add("\"" + specs.get(i).name() + "\": \"" + (i < half ? first : second) + "\"");
        }
        index(String.join(", ", entries));
    }

    private void index(String entries) throws IOException {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"weight_map\": {" + entries + "}}",
                StandardCharsets.UTF_8);
    }
}
