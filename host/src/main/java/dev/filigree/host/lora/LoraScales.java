package dev.filigree.host.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.json.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * How strong an adapter is by its own account: {@code lora_alpha} over the rank, or over the root of the rank with
 * {@code use_rslora} (Kalajdzievski 2023), where {@code alpha_pattern} may name other alphas for some layers. PEFT writes this
 * into adapter_config.json, diffusers into the file's metadata under {@code lora_adapter_metadata}. Without either, alpha is the
 * rank.
 */
final class LoraScales {
    private static final JsonMapper MAPPER = new JsonMapper(JsonFile.factory());
    private static final String METADATA = "lora_adapter_metadata";

    private final JsonNode config;
    private final String prefix;
    private final String where;

    private LoraScales(JsonNode config, String prefix, String where) {
        this.config = config;
        this.prefix = prefix;
        this.where = where;
    }

    /** The scales of a file with that metadata, whose folder may have an adapter_config.json. */
    static LoraScales of(Path file, Map<String, String> metadata) {
        Path json = file.resolveSibling("adapter_config.json");
        if (Files.exists(json)) {
            try {
                return new LoraScales(parse(Files.readString(json), json.toString()), "", json.toString())
                        .requireLora();
            } catch (IOException e) {
                throw new CheckpointException(json + " cannot be read (" + e.getMessage() + ")");
            }
        }
        String text = metadata.get(METADATA);
        if (text == null) {
            return new LoraScales(MAPPER.createObjectNode(), "", file.toString());
        }
        String where = file + ": " + METADATA;
        JsonNode config = parse(text, where);
        String prefix = "";
        for (Map.Entry<String, JsonNode> entry : config.properties()) {
            int dot = entry.getKey().lastIndexOf('.');
            if (entry.getKey().endsWith("lora_alpha") && dot > 0) {
                prefix = entry.getKey().substring(0, dot + 1);
            }
        }
        return new LoraScales(config, prefix, where).requireLora();
    }

    private static JsonNode parse(String text, String where) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(where + " is not JSON (" + JsonFile.oneLine(e) + ")");
        }
    }

    private LoraScales requireLora() {
        String type = config.path(prefix + "peft_type").asText("LORA");
        if (!type.equals("LORA")) {
            throw new CheckpointException(where + ": peft_type is " + type + "; accepted: LORA");
        }
        if (config.path(prefix + "use_dora").asBoolean(false)) {
            throw new CheckpointException(where + ": use_dora is true; accepted: false, since DoRA is not a sum");
        }
        return this;
    }

    /**
     * The scale of a layer.
     *
     * @param layer as the file names it
     * @param own alpha that the file stores beside the factors, before all others
     */
    float of(String layer, long rank, OptionalDouble own) {
        double alpha = own.orElseGet(
                () -> pattern(layer).orElse(config.path(prefix + "lora_alpha").asDouble(rank)));
        boolean root = config.path(prefix + "use_rslora").asBoolean(false);
        double scale = root ? alpha / Math.sqrt(rank) : alpha / rank;
        if (!Double.isFinite(scale)) {
            throw new CheckpointException(
                    where + ": alpha of " + layer + " is " + alpha + "; accepted: a finite number");
        }
        return (float) scale;
    }

    /** As PEFT matches: a key is a pattern for the end of a layer's name. */
    private Optional<Double> pattern(String layer) {
        for (Map.Entry<String, JsonNode> entry :
                config.path(prefix + "alpha_pattern").properties()) {
            try {
                if (Pattern.matches("(.*\\.)?(" + entry.getKey() + ")", layer)) {
                    return Optional.of(entry.getValue().asDouble());
                }
            } catch (PatternSyntaxException e) {
                throw new CheckpointException(
                        where + ": alpha_pattern " + entry.getKey() + " is no pattern (" + e.getDescription() + ")");
            }
        }
        return Optional.empty();
    }
}
