package dev.filigree.integration.fuzz;

import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.calibrate.heads.gradient.StateFile;
import dev.filigree.host.calibrate.thresholds.StepLog;
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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The readers of files that somebody else may have written. */
final class FuzzTargets {
    private static final Path EXAMPLES = ProjectTree.root().resolve("examples");
    static final Path HOST = ProjectTree.root().resolve("host/src/test/resources");
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
                calibrationLog(),
                pictureConfig(),
                QuantizedTargets.adapter(),
                QuantizedTargets.nunchaku(),
                QuantizedTargets.qserve(),
                KitTargets.waivers(),
                KitTargets.journal(),
                KitTargets.bundle());
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
                List.of(
                        new Seed("a.safetensors", SafetensorsSeeds.shard("a", "b")),
                        new Seed("a.safetensors", SafetensorsSeeds.quantized())),
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
                        SafetensorsSeeds.shard("a", "b"),
                        "y.safetensors",
                        SafetensorsSeeds.shard("c")),
                List.of(
                        new Seed("model.safetensors.index.json", index),
                        new Seed("x.safetensors", SafetensorsSeeds.shard("a", "b")),
                        new Seed("model.safetensors.zip", SafetensorsSeeds.packed(SafetensorsSeeds.shard("a", "b")))),
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

    private static FuzzTarget calibrationLog() {
        return new FuzzTarget(
                "calibration-log",
                Map.of(),
                List.of(new Seed(
                        "steps.tsv",
                        "# filigree calibration steps 1\n# r\n0.5\t1.0\n0.25\t0.125\n"
                                .getBytes(StandardCharsets.UTF_8))),
                List.of("# filigree calibration steps 1\n", "# r\n", "\t", "\n", "1e5", "0x1p3"),
                List.of(CalibrationException.class),
                (folder, file) -> {
                    StepLog log = StepLog.open(Optional.of(file), "r");
                    while (log.known() > 0) {
                        log.next(2, () -> new double[2]);
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

    static void touch(Map<String, StoredTensor> tensors) {
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

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file of f32 matrices 2 x 4. */
}
