package dev.filigree.integration.fuzz;

import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.calibrate.heads.gradient.StateFile;
import dev.filigree.host.check.ReferenceException;
import dev.filigree.host.check.ReferenceFile;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.diffusion.DitConfigReader;
import dev.filigree.host.eval.EvalLog;
import dev.filigree.host.tokenizer.Tokenizer;
import dev.filigree.host.tokenizer.TokenizerException;
import dev.filigree.integration.fuzz.FuzzTarget.Seed;
import dev.filigree.integration.process.ProjectTree;
import dev.filigree.policies.config.ConfigException;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.table.HeadTableFile;
import dev.filigree.policies.table.TableException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The readers of files that somebody else may have written. */
final class FuzzTargets {
    private static final Path EXAMPLES = ProjectTree.root().resolve("examples");
    private static final Path HOST = ProjectTree.root().resolve("host/src/test/resources");
    private static final String TEXT = "Ada's 1st caf\u00e9 \ud83d\ude00 costs 3,50\n\tand   more";

    private FuzzTargets() {}

    static List<FuzzTarget> all() {
        return List.of(
                config(),
                safetensors(),
                checkpoint(),
                decoderConfig(),
                tokenizer(),
                headTable(),
                reference(),
                states(),
                pictureConfig());
    }

    private static FuzzTarget config() {
        return new FuzzTarget(
                "config",
                Map.of(
                        "models/needle-16k/config.json", bytes(EXAMPLES.resolve("models/needle-16k/config.json")),
                        "prompts/passkey-4k.txt", "The pass key is 83412.".getBytes(StandardCharsets.UTF_8),
                        "gates/needle-16k.tsv", bytes(EXAMPLES.resolve("gates/needle-16k.tsv")),
                        "thresholds/needle-16k-s16.tsv", bytes(EXAMPLES.resolve("thresholds/needle-16k-s16.tsv"))),
                List.of(
                        seed("run.yaml", EXAMPLES.resolve("composed.yaml")),
                        seed("run.yaml", EXAMPLES.resolve("lserve-duoattention.yaml")),
                        seed("run.yaml", EXAMPLES.resolve("needle.yaml"))),
                List.of(
                        "model",
                        "attention",
                        "policy",
                        "duoattention",
                        "xattention",
                        "lserve",
                        "layers",
                        "phases",
                        "dense",
                        "streaming",
                        "kvCache",
                        "paged",
                        "linear",
                        "svdquant",
                        "plain",
                        "backend",
                        "name",
                        "options",
                        "prompt",
                        "generation",
                        "limits",
                        "ranges",
                        "retrieval",
                        "pageSize",
                        "k: int4",
                        "v: int8",
                        "budget",
                        "threshold: [0.5, 2]",
                        "stride",
                        "sink",
                        "recent",
                        "gates",
                        "\n  ",
                        "\n- ",
                        "128MiB"),
                List.of(ConfigException.class),
                (folder, file) -> {
                    String unused = ConfigReader.read(file).toString();
                });
    }

    private static FuzzTarget safetensors() {
        return new FuzzTarget(
                "safetensors",
                Map.of(),
                List.of(new Seed("a.safetensors", shard("a", "b")), new Seed("a.safetensors", quantized())),
                List.of(
                        "dtype",
                        "shape",
                        "data_offsets",
                        "__metadata__",
                        "F32",
                        "F16",
                        "BF16",
                        "U8",
                        "I8",
                        "F4",
                        "I64",
                        "filigree.linears",
                        "[0,0]",
                        "[4294967296,4294967296]",
                        "\"b\":"),
                List.of(CheckpointException.class),
                (folder, file) -> {
                    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
                        touch(opened.tensors());
                        StorageIndex.read(opened).layers();
                    }
                });
    }

    private static FuzzTarget checkpoint() {
        byte[] config = bytes(HOST.resolve("configs/llama2/config.json"));
        byte[] index =
                "{\"metadata\":{\"total_size\":64},\"weight_map\":{\"a\":\"x.safetensors\",\"b\":\"x.safetensors\",\"c\":\"y.safetensors\"}}"
                        .getBytes(StandardCharsets.UTF_8);
        return new FuzzTarget(
                "checkpoint",
                Map.of(
                        "config.json",
                        config,
                        "model.safetensors.index.json",
                        index,
                        "x.safetensors",
                        shard("a", "b"),
                        "y.safetensors",
                        shard("c")),
                List.of(
                        new Seed("model.safetensors.index.json", index),
                        new Seed("x.safetensors", shard("a", "b")),
                        new Seed("model.safetensors.zip", packed(shard("a", "b")))),
                List.of(
                        "weight_map",
                        "x.safetensors",
                        "y.safetensors",
                        "../x.safetensors",
                        "metadata",
                        "header",
                        "even"),
                List.of(CheckpointException.class),
                (folder, file) -> {
                    try (Checkpoint opened = Checkpoint.open(folder)) {
                        touch(opened.tensors());
                        StorageIndex.of(opened).layers();
                    }
                });
    }

    private static FuzzTarget decoderConfig() {
        return new FuzzTarget(
                "decoder-config",
                Map.of(),
                List.of(
                        seed("config.json", HOST.resolve("configs/llama31/config.json")),
                        seed("config.json", HOST.resolve("configs/mistral-window/config.json")),
                        seed("config.json", HOST.resolve("configs/llama-yarn/config.json")),
                        seed("config.json", HOST.resolve("configs/qwen3/config.json"))),
                List.of(
                        "rope_scaling",
                        "rope_parameters",
                        "rope_type",
                        "yarn",
                        "linear",
                        "llama3",
                        "factor",
                        "sliding_window",
                        "layer_types",
                        "num_attention_heads",
                        "num_key_value_heads",
                        "head_dim",
                        "hidden_size",
                        "architectures",
                        "eos_token_id",
                        "tie_word_embeddings",
                        "max_position_embeddings"),
                List.of(CheckpointException.class),
                (folder, file) -> {
                    String unused = DecoderConfig.read(folder).toString();
                });
    }

    private static FuzzTarget tokenizer() {
        return new FuzzTarget(
                "tokenizer",
                Map.of(),
                List.of(
                        seed("tokenizer.json", HOST.resolve("tokenizers/wordlevel/tokenizer.json")),
                        seed("tokenizer.json", HOST.resolve("tokenizers/byte-vocabulary/tokenizer.json")),
                        seed("tokenizer.json", HOST.resolve("tokenizers/qwen-bpe/tokenizer.json"))),
                List.of(
                        "\"type\"",
                        "BPE",
                        "WordLevel",
                        "ByteLevel",
                        "Metaspace",
                        "Split",
                        "Sequence",
                        "Replace",
                        "Strip",
                        "ByteFallback",
                        "Fuse",
                        "TemplateProcessing",
                        "added_tokens",
                        "special",
                        "normalized",
                        "merges",
                        "vocab",
                        "unk_token",
                        "Regex",
                        "(a|a)*$",
                        "\\\\p{L}+",
                        "(?!x)",
                        "NFC",
                        "Prepend",
                        "id"),
                List.of(TokenizerException.class),
                (folder, file) -> {
                    Tokenizer tokenizer = Tokenizer.read(file);
                    int[] ids = tokenizer.encode(TEXT, true);
                    tokenizer.decode(ids, false);
                    tokenizer.decode(new int[] {0, -1, tokenizer.vocabSize(), Integer.MAX_VALUE}, true);
                });
    }

    private static FuzzTarget headTable() {
        return new FuzzTarget(
                "head-table",
                Map.of(),
                List.of(
                        seed("t.tsv", EXAMPLES.resolve("gates/needle-16k.tsv")),
                        seed("t.tsv", EXAMPLES.resolve("thresholds/needle-16k-s16.tsv")),
                        new Seed(
                                "t.json",
                                "{\"format\":\"filigree-gates\",\"gates\":[[0.5,1],[0,0.25]],\"rank\":[[1,2],[3,4]]}"
                                        .getBytes(StandardCharsets.UTF_8))),
                List.of("# filigree gates 1", "# filigree", "# rank", "format", "gates", "\t", ",", "1e5", "\n"),
                List.of(TableException.class),
                (folder, file) -> HeadTableFile.read(file).tables());
    }

    private static FuzzTarget reference() {
        return new FuzzTarget(
                "reference",
                Map.of(),
                List.of(
                        new Seed("reference.json", ReferenceSeeds.POSITIONS.getBytes(StandardCharsets.UTF_8)),
                        new Seed("reference.json", ReferenceSeeds.PROMPTS.getBytes(StandardCharsets.UTF_8))),
                List.of("prompts", "ids", "logits", "argmax", "hidden_norms", "greedy_after_first_", "state_norms"),
                List.of(ReferenceException.class),
                (folder, file) -> ReferenceFile.read(file));
    }

    private static FuzzTarget states() {
        return new FuzzTarget(
                "saved-state",
                Map.of(),
                List.of(
                        new Seed("eval.json", ReferenceSeeds.EVAL.getBytes(StandardCharsets.UTF_8)),
                        new Seed("training.json", ReferenceSeeds.TRAINING.getBytes(StandardCharsets.UTF_8))),
                List.of("results", "config", "task", "size", "depth", "run", "gates", "mean", "square", "step"),
                List.of(CalibrationException.class),
                (folder, file) -> {
                    if (file.endsWith("eval.json")) {
                        EvalLog.open(Optional.of(file)).results();
                    } else {
                        new StateFile(file, "r").read();
                    }
                });
    }

    private static FuzzTarget pictureConfig() {
        return new FuzzTarget(
                "picture-config",
                Map.of(),
                List.of(seed("config.json", EXAMPLES.resolve("models/shapes-64/config.json"))),
                List.of("architectures", "ShapesDiT", "hidden_size", "patch_size", "num_heads", "conditions"),
                List.of(CheckpointException.class),
                (folder, file) -> {
                    DitConfigReader.architecture(folder);
                    String unused = DitConfigReader.read(folder).toString();
                });
    }

    private static void touch(Map<String, StoredTensor> tensors) {
        tensors.forEach((name, tensor) -> {
            if (tensor.data().byteSize() > 0) {
                tensor.data()
                        .get(
                                java.lang.foreign.ValueLayout.JAVA_BYTE,
                                tensor.data().byteSize() - 1);
            }
        });
    }

    private static Seed seed(String name, Path file) {
        return new Seed(name, bytes(file));
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file of f32 matrices 2 x 4. */
    private static byte[] shard(String... names) {
        StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        for (int i = 0; i < names.length; i++) {
            header.append(",\"%s\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[%d,%d]}"
                    .formatted(names[i], 32 * i, 32 * (i + 1)));
        }
        return file(header.append('}').toString(), 32 * names.length);
    }

    private static byte[] quantized() {
        return file(
                "{\"__metadata__\":{\"filigree.linears\":\"{}\"},\"w\":{\"dtype\":\"U8\",\"shape\":[3,5],"
                        + "\"data_offsets\":[0,15]},\"e\":{\"dtype\":\"BF16\",\"shape\":[0],\"data_offsets\":[15,15]}}",
                15);
    }

    private static byte[] file(String header, int dataBytes) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .array();
    }

    /** The packed form: header, bytes at even and at odd offsets of the data. */
    private static byte[] packed(byte[] file) {
        int start =
                8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("header"));
            zip.write(file, 0, start);
            for (int half = 0; half < 2; half++) {
                zip.putNextEntry(new ZipEntry(half == 0 ? "even" : "odd"));
                for (int at = start + half; at < file.length; at += 2) {
                    zip.write(file[at]);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
