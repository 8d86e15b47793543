package dev.filigree.host.checkpoint;

import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads a {@link DecoderConfig} from a checkpoint folder. */
final class DecoderConfigReader {
    private static final long MAX_BYTES = 16L << 20;

    /** Bounds that no decoder reaches and within which every product of two sizes fits a long with room. */
    private static final int MAX_SIZE = 1 << 22;

    private static final int MAX_LAYERS = 4096;
    private static final int MAX_HEADS = 4096;
    private static final int MAX_HEAD_DIM = 4096;

    private final JsonValue json;
    private final Optional<JsonValue> generation;
    private final DecoderFamily family;

    private DecoderConfigReader(JsonValue json, Optional<JsonValue> generation) {
        this.json = json;
        this.generation = generation;
        JsonValue type = json.get("model_type");
        family = DecoderFamily.of(type.string()).orElseThrow(() -> type.notA(DecoderFamily.modelTypes()));
    }

    static DecoderConfig read(Path folder) {
        JsonValue json = JsonFile.read(folder.resolve("config.json"), MAX_BYTES, CheckpointException::new);
        Path generation = folder.resolve("generation_config.json");
        Optional<JsonValue> generationJson = Files.exists(generation)
                ? Optional.of(JsonFile.read(generation, MAX_BYTES, CheckpointException::new))
                : Optional.empty();
        DecoderConfigReader reader = new DecoderConfigReader(json, generationJson);
        reader.requireSupported();
        try {
            return reader.config();
        } catch (IllegalArgumentException e) {
            throw json.problem(e.getMessage() == null ? "the sizes do not fit together" : e.getMessage());
        }
    }

    private DecoderConfig config() {
        int hiddenSize = size("hidden_size", MAX_SIZE);
        int numLayers = size("num_hidden_layers", MAX_LAYERS);
        int numQoHeads = size("num_attention_heads", MAX_HEADS);
        int maxPosition = size("max_position_embeddings", Integer.MAX_VALUE);
        boolean attentionBias = family.readsAttentionBias() && flag("attention_bias", false);
        return new DecoderConfig(
                json.get("model_type").string(),
                size("vocab_size", MAX_SIZE),
                hiddenSize,
                size("intermediate_size", MAX_SIZE),
                numLayers,
                numQoHeads,
                json.find("num_key_value_heads")
                        .map(n -> n.integer(1, MAX_HEADS))
                        .orElse(numQoHeads),
                headDim(hiddenSize, numQoHeads),
                json.get("rms_norm_eps").number(0, 1),
                maxPosition,
                RopeConfigReader.read(json, maxPosition),
                SlidingWindows.read(json, family, numLayers),
                family.alwaysQkvBias() || attentionBias,
                attentionBias,
                family.readsMlpBias() && flag("mlp_bias", false),
                family.qkNorm(),
                flag("tie_word_embeddings", false),
                bosId(),
                eosIds());
    }

    private void requireSupported() {
        json.find("architectures").ifPresent(names -> {
            if (names.elements().stream().noneMatch(name -> name.string().equals(family.architecture()))) {
                throw names.notA("[\"" + family.architecture() + "\"] for this model_type");
            }
        });
        json.find("hidden_act").ifPresent(act -> {
            if (!act.string().equals("silu") && !act.string().equals("swish")) {
                throw act.notA("\"silu\"");
            }
        });
        json.find("quantization_config").ifPresent(quantization -> {
            throw quantization.notA("no such key, weights stored as F32, F16 or BF16");
        });
    }

    private int headDim(int hiddenSize, int numQoHeads) {
        Optional<JsonValue> given = json.find("head_dim");
        if (given.isPresent()) {
            return given.get().integer(2, MAX_HEAD_DIM);
        }
        int headDim = family.defaultHeadDim(hiddenSize, numQoHeads);
        if (headDim < 2 || headDim > MAX_HEAD_DIM) {
            throw json.problem("hidden_size / num_attention_heads is " + headDim + "; accepted: 2 to " + MAX_HEAD_DIM);
        }
        return headDim;
    }

    private OptionalInt bosId() {
        Optional<JsonValue> id = inGeneration("bos_token_id").or(() -> json.find("bos_token_id"));
        // some files give a list, of which the first begins a text
        return id.map(DecoderConfigReader::ids)
                .filter(ids -> !ids.isEmpty())
                .map(List::getFirst)
                .map(OptionalInt::of)
                .orElse(OptionalInt.empty());
    }

    /** generation_config.json goes first, as it is what chat models are released with. */
    private List<Integer> eosIds() {
        return inGeneration("eos_token_id")
                .or(() -> json.find("eos_token_id"))
                .map(DecoderConfigReader::ids)
                .orElse(List.of());
    }

    private Optional<JsonValue> inGeneration(String key) {
        return generation.flatMap(g -> g.find(key));
    }

    private static List<Integer> ids(JsonValue value) {
        List<JsonValue> values = value.isArray() ? value.elements() : List.of(value);
        return values.stream().map(id -> id.integer(0, MAX_SIZE - 1)).toList();
    }

    private int size(String key, int max) {
        return json.get(key).integer(1, max);
    }

    private boolean flag(String key, boolean absent) {
        return json.find(key).map(JsonValue::bool).orElse(absent);
    }
}
