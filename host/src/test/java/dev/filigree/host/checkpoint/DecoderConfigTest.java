package dev.filigree.host.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DecoderConfigTest {
    @TempDir
    Path directory;

    private DecoderConfig with(String name, String find, String replacement) {
        String text = TestFiles.configText(name);
        String find2 = find.replace('\'', '"');
        assertTrue(text.contains(find2), find2);
        return read(text.replace(find2, replacement.replace('\'', '"')));
    }

    private DecoderConfig read(String json) {
        TestFiles.write(directory.resolve("config.json"), json.getBytes(StandardCharsets.UTF_8));
        return DecoderConfig.read(directory);
    }

    @Test
    void aLlamaAsAWhole() {
        assertEquals(
                new DecoderConfig(
                        "llama",
                        264,
                        256,
                        704,
                        6,
                        8,
                        4,
                        64,
                        1e-5,
                        32768,
                        new RopeConfig(1e6, new RopeScaling.None()),
                        List.of(0, 0, 0, 0, 0, 0),
                        false,
                        false,
                        false,
                        false,
                        true,
                        OptionalInt.of(256),
                        List.of(257)),
                DecoderConfig.read(TestFiles.config("needle")));
    }

    @Test
    void whatSetsTheFamiliesApart() {
        DecoderConfig mistral = DecoderConfig.read(TestFiles.config("mistral-window"));
        assertEquals(List.of(48, 48), mistral.windows());
        assertEquals(OptionalInt.of(48), mistral.slidingWindow(1));
        DecoderConfig qwen2 = DecoderConfig.read(TestFiles.config("qwen2"));
        assertEquals(
                List.of(true, false, false, true),
                List.of(qwen2.qkvBias(), qwen2.outputBias(), qwen2.qkNorm(), qwen2.tiedEmbeddings()));
        assertEquals(32, qwen2.headDim());
        assertEquals(OptionalInt.empty(), qwen2.slidingWindow(0));
        DecoderConfig qwen3 = DecoderConfig.read(TestFiles.config("qwen3"));
        assertEquals(List.of(false, true, false), List.of(qwen3.qkvBias(), qwen3.qkNorm(), qwen3.tiedEmbeddings()));
        assertEquals(1, qwen3.numKvHeads());
        DecoderConfig biased = with("llama2", "'attention_bias': false", "'attention_bias': true");
        assertEquals(List.of(true, true, false), List.of(biased.qkvBias(), biased.outputBias(), biased.mlpBias()));
        assertTrue(with("llama2", "'mlp_bias': false", "'mlp_bias': true").mlpBias());
    }

    @Test
    void sizesThatAreNotGivenFollowFromOthers() {
        DecoderConfig config = with("llama2", "'head_dim': 32,", "");
        assertEquals(32, config.headDim());
        assertEquals(128, with("qwen3", "'head_dim': 64,", "").headDim());
        assertEquals(4, with("llama31", "'num_key_value_heads': 2,", "").numKvHeads());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'use_sliding_window': true, 'sliding_window': 16, 'max_window_layers': 1 | 0 16",
                "'use_sliding_window': true, 'sliding_window': 16, 'max_window_layers': 0 | 16 16",
                "'use_sliding_window': true, 'sliding_window': 16 | 0 0",
                "'use_sliding_window': true, 'sliding_window': null, 'max_window_layers': 0 | 0 0",
                "'use_sliding_window': false, 'sliding_window': 16, 'max_window_layers': 0 | 0 0",
                "'sliding_window': 16, 'max_window_layers': 0 | 0 0",
                "'use_sliding_window': true, 'sliding_window': 16, 'layer_types': ['sliding_attention', 'full_attention'] | 16 0",
            })
    void qwenWindowsBeginAtALayer(String keys, String expected) {
        String bare = TestFiles.configText("qwen2")
                .replaceAll("\"layer_types\": \\[[^]]*],", "")
                .replaceAll("\"(max_window_layers|sliding_window|use_sliding_window)\": [^,]*,", "");
        DecoderConfig config = read(bare.replaceFirst("\\{", "{" + keys.trim().replace('\'', '"') + ", "));
        assertEquals(
                List.of(expected.split(" ")),
                config.windows().stream().map(String::valueOf).toList());
    }

    @Test
    void mistralsWindowIsNullOrAbsentOrGiven() {
        assertEquals(
                List.of(0, 0),
                with("mistral-window", "'sliding_window': 48", "'sliding_window': null")
                        .windows());
        assertEquals(
                List.of(4096, 4096),
                with("mistral-window", "'sliding_window': 48,", "").windows());
    }

    @Test
    void endTokensComeFromTheGenerationConfigFirst() {
        String list = "'eos_token_id': [2, 3]";
        assertEquals(List.of(2, 3), with("llama2", "'eos_token_id': 2", list).eosIds());
        assertEquals(
                List.of(),
                with("llama2", "'eos_token_id': 2", "'eos_token_id': null").eosIds());
        TestFiles.write(
                directory.resolve("generation_config.json"),
                "{\"eos_token_id\": [7, 8]}".getBytes(StandardCharsets.UTF_8));
        DecoderConfig both = with("llama2", "'eos_token_id': 2", list);
        assertEquals(List.of(7, 8), both.eosIds());
        assertEquals(OptionalInt.of(1), both.bosId());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'model_type': 'llama' | 'model_type': 'gemma' | model_type is \"gemma\"; accepted: \"llama\", \"mistral\", \"qwen2\", \"qwen3\"",
                "'LlamaForCausalLM' | 'LlamaForSequenceClassification' | architectures is an array of 1; accepted: [\"LlamaForCausalLM\"]",
                "'silu' | 'gelu' | hidden_act is \"gelu\"; accepted: \"silu\"",
                "'hidden_size': 128 | 'hidden_size': 0 | hidden_size is 0; accepted: a whole number from 1",
                "'hidden_size': 128 | 'hidden_size': 128.5 | hidden_size is 128.5; accepted: a whole number",
                "'hidden_size': 128 | 'hidden_size': 99999999999 | hidden_size is 99999999999; accepted: a whole number",
                "'hidden_size': 128, | ` | hidden_size is missing",
                "'num_key_value_heads': 4 | 'num_key_value_heads': 3 | num_key_value_heads is 3; accepted: a divisor of the 4",
                "'head_dim': 32 | 'head_dim': 33 | head_dim is 33; accepted: an even number",
                "'rope_type': 'default' | 'rope_type': 'longrope' | rope_parameters.rope_type is \"longrope\"; accepted: \"default\"",
                "'rope_type': 'default' | 'rope_type': 'linear' | rope_parameters.factor is missing",
                "'rope_type': 'default' | 'rope_type': 'linear', 'factor': 0.5 | rope_parameters.factor is 0.5; accepted: a number from 1",
                "'rope_type': 'default' | 'partial_rotary_factor': 0.5 | rope_parameters.partial_rotary_factor is 0.5; accepted: 1",
                "'rope_type': 'default' | 'full_attention': {} | rope_parameters is an object; accepted: one set",
                "'rope_theta': 10000.0 | 'rope_theta': 1e400 | rope_parameters.rope_theta is ",
                "'use_cache': true | 'quantization_config': {'quant_method': 'awq'} | quantization_config is an object; accepted: no",
                "'use_cache': true | 'layer_types': ['full_attention'] | layer_types is an array of 1; accepted: one entry for each of 2",
                "'use_cache': true | 'layer_types': ['sliding_attention', 'full_attention'] | layer_types[0] is \"sliding_attention\";",
                "'use_cache': true | 'layer_types': ['linear_attention', 'full_attention'] | layer_types[0] is \"linear_attention\";",
                "'use_cache': true | 'vocab_size': 5 | is not a JSON document: Duplicate field 'vocab_size'",
            })
    void whatIsNotSupportedIsNamed(String find, String replacement, String expected) {
        String message = assertThrows(
                        CheckpointException.class, () -> with("llama2", find, replacement.replace("`", "")))
                .getMessage();
        assertTrue(message.startsWith(directory.resolve("config.json").toString()), message);
        assertTrue(message.contains(expected), message);
        assertTrue(message.contains("accepted: "), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama2",
                "llama31",
                "llama-linear",
                "llama-yarn",
                "llama-tied-hd64",
                "mistral-window",
                "qwen2",
                "qwen3"
            })
    void theOlderSpellingOfRopeMeansTheSame(String name) {
        String text = TestFiles.configText(name);
        int begin = text.indexOf("\"rope_parameters\"");
        int end = text.indexOf('}', begin);
        String inner = text.substring(text.indexOf('{', begin) + 1, end);
        String theta = inner.replaceAll("(?s).*\"rope_theta\": ([0-9.]+).*", "$1");
        String rest = inner.replaceAll("\\s*\"rope_theta\": [0-9.]+,", "").replace("rope_type", "type");
        String scaling = rest.contains("default") ? "null" : "{" + rest + "}";
        String old = text.substring(0, begin) + "\"rope_theta\": " + theta + ", \"rope_scaling\": " + scaling
                + text.substring(end + 1);
        assertEquals(DecoderConfig.read(TestFiles.config(name)), read(old));
    }
}
