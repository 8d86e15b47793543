package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.check.CheckResult;
import dev.filigree.host.check.ReferenceCheck;
import dev.filigree.host.check.ReferenceFile;
import dev.filigree.host.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A config.json with the older rope keys, as most checkpoints have them, gives the same numbers. */
class OldRopeFormTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "llama31 | \"rope_theta\": 500000.0, \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0,"
                        + " \"high_freq_factor\": 4.0, \"low_freq_factor\": 1.0, \"original_max_position_embeddings\": 64}",
                "llama-linear | \"rope_theta\": 10000.0, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4.0}",
                "llama-yarn | \"rope_theta\": 10000.0, \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0,"
                        + " \"original_max_position_embeddings\": 64}",
                "qwen3 | \"rope_theta\": 10000.0, \"rope_scaling\": null"
            })
    void givesTheSameNumbers(String variant, String oldForm) throws IOException {
        Path source = TestModels.tiny(variant);
        String config = Files.readString(source.resolve("config.json"))
                .replaceFirst("(?s)\"rope_parameters\": \\{[^}]*}", oldForm);
        assertFalse(config.contains("rope_parameters"), config);
        Files.writeString(folder.resolve("config.json"), config);
        Files.copy(source.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        try (Engine engine =
                new Engine(TestModels.exact(folder, "cpu-reference", 1, 192), BackendSelector.installed())) {
            CheckResult result = new ReferenceCheck(engine, 64, 1e-4, Optional.empty())
                    .run(ReferenceFile.read(source.resolve("reference.json")).getFirst());
            assertTrue(result.passes(), result::toString);
        }
    }
}
