package dev.filigree.host.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.quantize.LinearShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapter files in the names of PEFT and diffusers, their strengths, and what is refused. */
class LoraFileTest {
    private static final String Q = "model.layers.0.self_attn.q_proj";
    private static final String FF = "transformer_blocks.1.ff_out";
    private static final String OUT = "transformer_blocks.1.attn1.to_out";
    private static final Map<String, LinearShape> MODEL = Map.of(
            Q, new LinearShape(Q, 6, 4),
            FF, new LinearShape(FF, 4, 16),
            OUT, new LinearShape(OUT, 4, 4));

    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("adapter_model.safetensors");
    }

    private static AdapterFile pair(AdapterFile file, String down, String up, long rank, long in, long out) {
        return file.random(down, DType.BF16, 1, rank, in).random(up, DType.BF16, 2, out, rank);
    }

    private void config(String json) throws IOException {
        Files.writeString(folder.resolve("adapter_config.json"), json);
    }

    private float scale(String layer) {
        try (LoraFile file = LoraFile.open(folder, MODEL)) {
            LoraLayer found = file.layers().get(layer);
            return found == null ? Float.NaN : found.scale();
        }
    }

    private String refusal() {
        return String.valueOf(assertThrows(CheckpointException.class, () -> LoraFile.open(folder, MODEL))
                .getMessage());
    }

    @Test
    void everySpellingOfALayerIsUnderstood() {
        for (String[] names : new String[][] {
            {Q, "base_model.model." + Q + ".lora_A.weight", "base_model.model." + Q + ".lora_B.weight"},
            {Q, "base_model.model." + Q + ".lora_A.default.weight", "base_model.model." + Q + ".lora_B.default.weight"},
            {Q, Q + ".lora_down.weight", Q + ".lora_up.weight"},
            {FF, "transformer." + FF + ".lora_A.weight", "transformer." + FF + ".lora_B.weight"},
            {
                FF,
                "transformer.transformer_blocks.1.ff.net.2.lora_A.weight",
                "transformer.transformer_blocks.1.ff.net.2.lora_B.weight"
            },
            {OUT, "transformer." + OUT + ".0.lora.down.weight", "transformer." + OUT + ".0.lora.up.weight"},
            {OUT, "unet." + OUT + ".lora_linear_layer.down.weight", "unet." + OUT + ".lora_linear_layer.up.weight"},
            {
                OUT,
                "transformer_blocks.1.attn1.processor.to_out_lora.down.weight",
                "transformer_blocks.1.attn1.processor.to_out_lora.up.weight"
            },
        }) {
            LinearShape shape = MODEL.getOrDefault(names[0], new LinearShape("", 0, 0));
            pair(new AdapterFile(), names[1], names[2], 3, shape.inFeatures(), shape.outFeatures())
                    .write(file());
            try (LoraFile file = LoraFile.open(folder, MODEL)) {
                assertEquals(java.util.Set.of(names[0]), file.layers().keySet(), names[1]);
            }
        }
    }

    /** The published engine ignored alpha and painted black at ranks it did not expect. */
    @Test
    void alphaCountsWhereverItStands() throws IOException {
        AdapterFile plain = pair(new AdapterFile(), Q + ".lora_A.weight", Q + ".lora_B.weight", 4, 4, 6);
        plain.write(file());
        assertEquals(1f, scale(Q));
        config("{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 8}");
        assertEquals(2f, scale(Q));
        config("{\"lora_alpha\": 8, \"use_rslora\": true}");
        assertEquals(4f, scale(Q));
        config("{\"lora_alpha\": 8, \"alpha_pattern\": {\"self_attn.q_proj\": 2}}");
        assertEquals(0.5f, scale(Q));
        plain.with(Q + ".alpha", DType.F32, new float[] {12}).write(file());
        assertEquals(3f, scale(Q));
        Files.delete(folder.resolve("adapter_config.json"));
        pair(
                        new AdapterFile(),
                        "transformer." + FF + ".lora_A.weight",
                        "transformer." + FF + ".lora_B.weight",
                        4,
                        16,
                        4)
                .text("lora_adapter_metadata", "{\"transformer.lora_alpha\": 2, \"transformer.r\": 4}")
                .write(file());
        assertEquals(0.5f, scale(FF));
    }

    /** A pattern of a file can be written so that matching it takes for ever. */
    @Test
    void aPatternThatTakesTooLongIsRefused() throws IOException {
        String layer = "a".repeat(60) + "!";
        Map<String, LinearShape> model = Map.of(layer, new LinearShape(layer, 6, 4));
        pair(new AdapterFile(), layer + ".lora_A.weight", layer + ".lora_B.weight", 4, 4, 6)
                .write(file());
        config("{\"alpha_pattern\": {\"(a*)*(a*)*b\": 2}}");
        assertThrows(CheckpointException.class, () -> LoraFile.open(folder, model));
        config("{\"alpha_pattern\": {\"a*a*a*a*a*a*a*a*a*a*b\": 2}}");
        CheckpointException refused = assertThrows(CheckpointException.class, () -> LoraFile.open(folder, model));
        assertTrue(String.valueOf(refused.getMessage()).contains("too many steps"), refused::getMessage);
        config("{\"lora_alpha\": \"eight\"}");
        assertThrows(CheckpointException.class, () -> LoraFile.open(folder, model));
    }

    @Test
    void everyTensorWithoutAPlaceIsNamed() {
        pair(new AdapterFile(), Q + ".lora_A.weight", Q + ".lora_B.weight", 3, 4, 6)
                .random(Q + ".lora_magnitude_vector", DType.F32, 1, 6)
                .random("model.layers.7.self_attn.q_proj.lora_A.weight", DType.F32, 1, 3, 4)
                .write(file());
        String message = refusal();
        assertTrue(message.contains("2 problems"), message);
        assertTrue(message.contains("lora_magnitude_vector"), message);
        assertTrue(message.contains("layers.7.self_attn.q_proj.lora_A.weight"), message);
    }

    @Test
    void factorsThatDoNotFitAreRefused() {
        new AdapterFile().random(Q + ".lora_A.weight", DType.BF16, 1, 3, 4).write(file());
        assertTrue(refusal().contains("accepted: both factors"), refusal());
        pair(new AdapterFile(), Q + ".lora_A.weight", Q + ".lora_B.weight", 3, 5, 6)
                .write(file());
        assertTrue(refusal().contains("is [3, 5] of BF16; accepted: [3, 4]"), refusal());
        new AdapterFile()
                .random(Q + ".lora_A.weight", DType.BF16, 1, 3, 4)
                .random(Q + ".lora_B.weight", DType.BF16, 1, 6, 2)
                .write(file());
        assertTrue(refusal().contains("is [6, 2] of BF16; accepted: [6, 3]"), refusal());
        new AdapterFile().write(file());
        assertTrue(refusal().contains("holds no tensors"), refusal());
    }

    @Test
    void twoNamesForOneFactorAreRefused() {
        pair(new AdapterFile(), Q + ".lora_A.weight", Q + ".lora_B.weight", 3, 4, 6)
                .random("base_model.model." + Q + ".lora_A.weight", DType.BF16, 1, 3, 4)
                .write(file());
        assertTrue(refusal().contains("is given twice"), refusal());
    }

    @Test
    void otherKindsOfAdaptersAreRefused() throws IOException {
        pair(new AdapterFile(), Q + ".lora_A.weight", Q + ".lora_B.weight", 3, 4, 6)
                .write(file());
        config("{\"peft_type\": \"LOHA\"}");
        assertTrue(refusal().contains("peft_type is \"LOHA\"; accepted: LORA"), refusal());
        config("{\"peft_type\": \"LORA\", \"use_dora\": true}");
        assertTrue(refusal().contains("use_dora is true; accepted: false"), refusal());
    }
}
