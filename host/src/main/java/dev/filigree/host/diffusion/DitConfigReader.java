package dev.filigree.host.diffusion;

import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Reads a {@link DitConfig} from a checkpoint folder. */
public final class DitConfigReader {
    /** The name under which checkpoints of this kind are known. */
    public static final String ARCHITECTURE = "ShapesDiT";

    private static final long MAX_BYTES = 1L << 20;
    private static final int MAX_SIZE = 1 << 16;
    private static final int MAX_STEPS = 1000;

    private DitConfigReader() {}

    /** The architecture that a folder's config.json names, if it names one. */
    public static Optional<String> architecture(Path folder) {
        JsonValue json = JsonFile.read(folder.resolve("config.json"), MAX_BYTES, CheckpointException::new);
        return json.find("architecture").map(JsonValue::string);
    }

    /**
     * Reads config.json.
     *
     * @throws CheckpointException if it is missing, malformed, or describes another kind of model
     */
    public static DitConfig read(Path folder) {
        JsonValue json = JsonFile.read(folder.resolve("config.json"), MAX_BYTES, CheckpointException::new);
        JsonValue architecture = json.get("architecture");
        if (!architecture.string().equals(ARCHITECTURE)) {
            throw architecture.notA("\"" + ARCHITECTURE + "\"");
        }
        JsonValue sampler = json.get("sampler");
        if (!sampler.get("kind").string().equals("euler")) {
            throw sampler.get("kind").notA("\"euler\"");
        }
        List<String> words = strings(json.get("words"));
        JsonValue vocabulary = json.get("vocab_size");
        if (vocabulary.integer(2, MAX_SIZE) != words.size()) {
            throw vocabulary.notA(words.size() + ", the number of words");
        }
        try {
            return new DitConfig(
                    size(json, "image_size"),
                    size(json, "patch_size"),
                    size(json, "channels"),
                    size(json, "hidden_size"),
                    size(json, "num_layers"),
                    size(json, "num_heads"),
                    size(json, "mlp_ratio"),
                    size(json, "max_words"),
                    json.get("norm_eps").number(0, 1),
                    words,
                    strings(json.get("prompts")),
                    sampler.get("steps").integer(1, MAX_STEPS),
                    sampler.get("guidance").number(0, MAX_STEPS));
        } catch (IllegalArgumentException e) {
            throw json.problem(e.getMessage() == null ? "the sizes do not fit together" : e.getMessage());
        }
    }

    private static int size(JsonValue json, String key) {
        return json.get(key).integer(1, MAX_SIZE);
    }

    private static List<String> strings(JsonValue json) {
        return json.elements().stream().map(JsonValue::string).toList();
    }
}
