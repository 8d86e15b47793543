package dev.filigree.integration.fuzz;

import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.lora.LoraFile;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.nunchaku.NunchakuFile;
import dev.filigree.host.quantize.qserve.QServeFile;
import dev.filigree.integration.fuzz.FuzzTarget.Seed;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Readers of weights that others trained or quantized: adapters, and layers in the published layouts of Nunchaku and QServe. */
final class QuantizedTargets {
    private static final String LAYER = "layers.0.self_attn.q_proj";

    private QuantizedTargets() {}

    static FuzzTarget adapter() {
        byte[] config = """
                {"peft_type": "LORA", "r": 2, "lora_alpha": 8, "use_rslora": false, "use_dora": false,
                 "alpha_pattern": {"self_attn.q_proj": 4, "layers.(1|2).mlp": 16}}
                """.getBytes(StandardCharsets.UTF_8);
        byte[] peft = SafetensorsSeeds.of(
                "",
                "base_model.model." + LAYER + ".lora_A.weight F32 2x4",
                "base_model.model." + LAYER + ".lora_B.weight BF16 6x2");
        byte[] diffusers = SafetensorsSeeds.of(
                "{\"lora_adapter_metadata\":\"{\\\"transformer.lora_alpha\\\": 4}\"}",
                "transformer." + LAYER + ".lora.down.weight F16 2x4",
                "transformer." + LAYER + ".lora.up.weight F16 6x2",
                "transformer." + LAYER + ".alpha F32 1");
        return new FuzzTarget(
                "adapter",
                Map.of("adapter_config.json", config, "adapter_model.safetensors", peft),
                List.of(
                        new Seed("adapter_config.json", config),
                        new Seed("adapter_model.safetensors", peft),
                        new Seed("adapter_model.safetensors", diffusers)),
                List.of(
                        "lora_alpha",
                        "alpha_pattern",
                        "use_rslora",
                        "use_dora",
                        "peft_type",
                        "true",
                        "LORA",
                        "LOHA",
                        "(a|a)*",
                        "(.*.*.*.*.*.*)x",
                        "(x?)+",
                        ".lora_A.weight",
                        ".lora_B.default.weight",
                        ".lora.down.weight",
                        ".alpha",
                        LAYER,
                        "transformer.",
                        "base_model.model.",
                        "F32",
                        "BF16",
                        "I64"),
                List.of(CheckpointException.class),
                (folder, file) -> {
                    try (LoraFile opened = LoraFile.open(folder, Map.of(LAYER, new LinearShape(LAYER, 6, 4)))) {
                        opened.layers().forEach((name, layer) -> {
                            layer.down().floatAt(layer.down().spec().numElements() - 1);
                            layer.up().floatAt(layer.up().spec().numElements() - 1);
                        });
                    }
                });
    }

    static FuzzTarget qserve() {
        byte[] checkpoint = SafetensorsSeeds.of(
                "",
                "model.layers.0.self_attn.q_proj.qweight I8 128x64",
                "model.layers.0.self_attn.q_proj.s1_scales F16 128",
                "model.layers.0.self_attn.q_proj.s1_szeros F16 128",
                "model.layers.1.mlp.down_proj.weight I8 128x192",
                "model.layers.1.mlp.down_proj.dequant_scale F32 128",
                "model.layers.1.mlp.down_proj.bias F16 128",
                "model.layers.1.self_attn.kv_scale_quant_orig F32 1",
                "model.norm.weight F16 128");
        return new FuzzTarget(
                "qserve",
                Map.of("config.json", FuzzTargets.bytes(FuzzTargets.HOST.resolve("configs/llama2/config.json"))),
                List.of(new Seed("model.safetensors", checkpoint)),
                List.of(
                        "qweight",
                        "weight",
                        "s1_scales",
                        "s1_szeros",
                        "s2_scales",
                        "s2_zeros",
                        "dequant_scale",
                        "bias",
                        "self_attn.qkv_proj.",
                        "shape",
                        "[]",
                        "[128,0]",
                        "I8",
                        "U8",
                        "F16",
                        "F32",
                        "I64"),
                List.of(CheckpointException.class),
                (folder, file) -> {
                    try (Checkpoint opened = Checkpoint.open(folder)) {
                        QServeFile.Decoder read = QServeFile.read(opened);
                        read.layers()
                                .values()
                                .forEach(layer -> layer.tensors().values().forEach(value -> value.values()));
                    }
                });
    }

    static FuzzTarget nunchaku() {
        List<LinearShape> layers = List.of(new LinearShape("a", 130, 64), new LinearShape("b", 8, 64));
        String[] weightOnly = {"b.qweight I32 2x32", "b.wscales BF16 1x8", "b.wzeros BF16 1x8", "b.bias BF16 8"};
        byte[] integers = SafetensorsSeeds.of(
                "",
                "a.qweight I8 256x64",
                "a.wscales BF16 2x256",
                "a.bias BF16 256",
                "a.smooth BF16 128",
                "a.smooth_orig BF16 128",
                "a.lora_down BF16 128x16",
                "a.lora_up BF16 256x16",
                weightOnly[0],
                weightOnly[1],
                weightOnly[2],
                weightOnly[3]);
        byte[] floats = SafetensorsSeeds.of(
                "",
                "a.qweight I8 256x64",
                "a.wscales F8_E4M3 8x256",
                "a.wcscales BF16 256",
                "a.wtscale F32 1",
                "a.proj_down F16 128x16",
                "a.proj_up F16 256x16",
                weightOnly[0],
                weightOnly[1],
                weightOnly[2]);
        return new FuzzTarget(
                "nunchaku",
                Map.of(),
                List.of(new Seed("a.safetensors", integers), new Seed("a.safetensors", floats)),
                List.of(
                        "qweight",
                        "wscales",
                        "wzeros",
                        "wcscales",
                        "wtscale",
                        "bias",
                        "smooth_factor",
                        "lora_down",
                        "proj_up",
                        "shape",
                        "[0]",
                        "[]",
                        "[128,0]",
                        "I8",
                        "U8",
                        "I32",
                        "BF16",
                        "F8_E4M3",
                        "F32"),
                List.of(CheckpointException.class),
                (folder, file) -> {
                    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
                        NunchakuFile.read(opened, layers, layer -> 0)
                                .forEach((name, layer) -> layer.tensors().forEach((tensor, value) -> value.values()));
                    }
                });
    }
}
