package dev.filigree.integration.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.filigree.integration.process.ModulePathProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Measuring a model that exists only as sizes. */
class BenchCommandTest {
    private static final Duration SOON = Duration.ofMinutes(2);

    @TempDir
    Path folder;

    private Path config;

    @BeforeEach
    void write() throws Exception {
        Files.writeString(Files.createDirectory(folder.resolve("tiny")).resolve("config.json"), """
                {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 301, "hidden_size": 64,
                 "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
                 "rms_norm_eps": 1e-05, "max_position_embeddings": 1024, "rope_theta": 10000.0, "hidden_act": "silu",
                 "tie_word_embeddings": false}
                """);
        Files.writeString(folder.resolve("gates.tsv"), "# filigree gates 1\n0 1\n1 0\n");
        config = Files.writeString(folder.resolve("composed.yaml"), """
                model: tiny
                attention:
                  policy: duoattention
                  gates: gates.tsv
                  sink: 16
                  recent: 32
                  retrieval:
                    policy: lserve
                    budget: 128
                    prefill:
                      policy: xattention
                      threshold: 0.5
                kvCache:
                  policy: paged
                  pageSize: 16
                  k: int4
                  v: int4
                limits:
                  prefillChunk: 128
                """);
    }

    private JsonNode runs(String... arguments) throws Exception {
        var result = ModulePathProcess.cli(arguments).run(SOON);
        assertEquals(0, result.exitCode(), result.toString());
        return new JsonMapper().readTree(result.out()).get("runs");
    }

    @Test
    void readsAndFillsTheSameCache() throws Exception {
        String[] common = {"bench", config.toString(), "--random", "7", "--decode", "5", "--rounds", "1", "--json", "-"
        };
        JsonNode read = runs(with(common, "--tokens", "131,700", "--backend", "cpu-vector"));
        assertEquals(2, read.size());
        JsonNode filled = runs(with(common, "--tokens", "700", "--fill", "--backend", "cpu-reference"));
        JsonNode longer = read.get(1);
        assertEquals(700, longer.get("tokens").intValue());
        assertTrue(longer.get("firstTokenSeconds").doubleValue() > 0, longer::toString);
        assertTrue(longer.get("backend").textValue().contains("cpu-vector"), longer::toString);
        assertTrue(longer.get("decodeDensity").doubleValue()
                < read.get(0).get("decodeDensity").doubleValue());
        assertEquals(longer.get("kvBytes"), filled.get(0).get("kvBytes"));
        assertFalse(filled.get(0).has("firstTokenSeconds"), filled::toString);
        assertTrue(filled.get(0).get("millisPerToken").doubleValue() > 0, filled::toString);
    }

    private static String[] with(String[] common, String... more) {
        String[] all = Arrays.copyOf(common, common.length + more.length);
        System.arraycopy(more, 0, all, common.length, more.length);
        return all;
    }

    @Test
    void weightsAreRandomOnlyWhenAskedFor() throws Exception {
        var result = ModulePathProcess.cli("bench", config.toString()).run(SOON);
        assertEquals(2, result.exitCode(), result.toString());
        assertTrue(result.err().contains("holds no weights"), result.err());
        var longer = ModulePathProcess.cli("bench", config.toString(), "--random", "1", "--tokens", "1024")
                .run(SOON);
        assertEquals(2, longer.exitCode(), longer.toString());
        assertTrue(longer.err().contains("at most the 1024 positions"), longer.err());
    }
}
