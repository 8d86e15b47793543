package dev.filigree.host.lora;

import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import dev.filigree.host.tokenizer.pattern.TextPattern;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How strong an adapter is by its own account: {@code lora_alpha} over the rank, or over the root of the rank with
 * {@code use_rslora} (Kalajdzievski 2023), where {@code alpha_pattern} may name other alphas for some layers. PEFT writes this
 * into adapter_config.json, diffusers into the file's metadata under {@code lora_adapter_metadata}. Without either, alpha is the
 * rank.
 */
final class LoraScales {
    private static final String METADATA = "lora_adapter_metadata";
    private static final long MAX_BYTES = 1 << 22;

    private final String where;
    private final OptionalDouble alpha;
    private final boolean root;
    private final List<AlphaPattern> patterns = new ArrayList<>();

    private LoraScales(JsonValue config, String prefix, String where) {
        this.where = where;
        config.find(prefix + "peft_type")
                .filter(type -> !type.string().equals("LORA"))
                .ifPresent(type -> {
                    throw type.notA("LORA");
                });
        config.find(prefix + "use_dora").filter(JsonValue::bool).ifPresent(dora -> {
            throw dora.notA("false, since DoRA is not a sum");
        });
        Optional<JsonValue> given = config.find(prefix + "lora_alpha");
        alpha = given.isPresent() ? OptionalDouble.of(number(given.get())) : OptionalDouble.empty();
        root = config.find(prefix + "use_rslora").map(JsonValue::bool).orElse(false);
        config.find(prefix + "alpha_pattern")
                .map(JsonValue::members)
                .orElse(Map.of())
                .forEach((key, value) -> patterns.add(new AlphaPattern(key, value)));
    }

    /** The scales of a file with that metadata, whose folder may have an adapter_config.json. */
    static LoraScales of(Path file, Map<String, String> metadata) {
        Path json = file.resolveSibling("adapter_config.json");
        if (Files.exists(json)) {
            return new LoraScales(JsonFile.read(json, MAX_BYTES, CheckpointException::new), "", json.toString());
        }
        String where = file + ": " + METADATA;
        JsonValue config = JsonFile.parse(metadata.getOrDefault(METADATA, "{}"), where, CheckpointException::new);
        String prefix = "";
        for (String key : config.members().keySet()) {
            int dot = key.lastIndexOf('.');
            if (key.endsWith("lora_alpha") && dot > 0) {
                prefix = key.substring(0, dot + 1);
            }
        }
        return new LoraScales(config, prefix, where);
    }

    /**
     * The scale of a layer.
     *
     * @param layer as the file names it
     * @param own alpha that the file stores beside the factors, before all others
     */
    float of(String layer, long rank, OptionalDouble own) {
        double chosen = own.isPresent() ? own.getAsDouble() : alpha(layer, rank);
        double scale = root ? chosen / Math.sqrt(rank) : chosen / rank;
        if (!Double.isFinite(scale)) {
            throw new CheckpointException(
                    where + ": alpha of " + layer + " is " + chosen + "; accepted: a finite number");
        }
        return (float) scale;
    }

    private double alpha(String layer, long rank) {
        for (AlphaPattern pattern : patterns) {
            if (pattern.matches(layer)) {
                return pattern.alpha();
            }
        }
        return alpha.orElse(rank);
    }

    private static double number(JsonValue value) {
        return value.number(-Float.MAX_VALUE, Float.MAX_VALUE);
    }

    /** As PEFT matches: a key is a pattern for the end of a layer's name. */
    private static final class AlphaPattern {
        private final TextPattern pattern;
        private final double alpha;

        AlphaPattern(String key, JsonValue value) {
            pattern = TextPattern.regex(value, "(?:.*\\.)?(?:" + key + ")");
            alpha = number(value);
        }

        boolean matches(String layer) {
            return pattern.isWhole(layer);
        }

        double alpha() {
            return alpha;
        }
    }
}
