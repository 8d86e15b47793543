package dev.filigree.host.checkpoint;

import dev.filigree.host.json.JsonValue;
import java.util.Optional;

/**
 * Reads the rotary embedding of a config.json in both spellings: everything under {@code rope_parameters} (transformers 5), or
 * {@code rope_theta} with {@code rope_scaling} beside it.
 */
final class RopeConfigReader {
    private static final double DEFAULT_THETA = 10_000;
    private static final double MAX_THETA = 1e15;
    private static final double MAX_FACTOR = 1e6;
    private static final String ACCEPTED = "\"default\", \"linear\", \"dynamic\", \"llama3\", \"yarn\"";

    private final int maxPosition;

    private RopeConfigReader(int maxPosition) {
        this.maxPosition = maxPosition;
    }

    static RopeConfig read(JsonValue config, int maxPosition) {
        Optional<JsonValue> parameters = config.find("rope_parameters");
        Optional<JsonValue> scaling = parameters.or(() -> config.find("rope_scaling"));
        Optional<JsonValue> theta =
                parameters.flatMap(p -> p.find("rope_theta")).or(() -> config.find("rope_theta"));
        requireFullRotation(config);
        scaling.ifPresent(RopeConfigReader::requireFullRotation);
        return new RopeConfig(
                theta.map(t -> t.number(2, MAX_THETA)).orElse(DEFAULT_THETA),
                scaling.map(new RopeConfigReader(maxPosition)::scaling).orElse(new RopeScaling.None()));
    }

    private static void requireFullRotation(JsonValue json) {
        json.find("partial_rotary_factor").ifPresent(factor -> {
            if (factor.number(0, 1) != 1) {
                throw factor.notA("1, all elements of a head rotated");
            }
        });
    }

    private RopeScaling scaling(JsonValue json) {
        if (json.find("full_attention").isPresent()
                || json.find("sliding_attention").isPresent()) {
            throw json.notA("one set of rope parameters for all layers");
        }
        Optional<JsonValue> type = json.find("rope_type").or(() -> json.find("type"));
        return switch (type.map(JsonValue::string).orElse("default")) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(factor(json.get("factor")));
            case "dynamic" -> new RopeScaling.Dynamic(factor(json.get("factor")), original(json));
            case "llama3" -> llama3(json);
            case "yarn" -> yarn(json);
            default -> throw type.orElse(json).notA(ACCEPTED);
        };
    }

    private RopeScaling llama3(JsonValue json) {
        double low = positive(json.get("low_freq_factor"));
        double high = positive(json.get("high_freq_factor"));
        if (high <= low) {
            throw json.get("high_freq_factor").notA("more than low_freq_factor, which is " + low);
        }
        return new RopeScaling.Llama3(factor(json.get("factor")), low, high, original(json));
    }

    private RopeScaling yarn(JsonValue json) {
        int original = original(json);
        // files that only give both lengths mean their ratio
        double factor = json.find("factor")
                .map(RopeConfigReader::factor)
                .orElseGet(() -> Math.max(1.0, (double) maxPosition / original));
        double fast = json.find("beta_fast").map(RopeConfigReader::positive).orElse(32.0);
        double slow = json.find("beta_slow").map(RopeConfigReader::positive).orElse(1.0);
        if (fast < slow) {
            throw json.get("beta_fast").notA("at least beta_slow, which is " + slow);
        }
        boolean truncate = json.find("truncate").map(JsonValue::bool).orElse(true);
        return new RopeScaling.Yarn(factor, original, fast, slow, truncate, attentionFactor(json, factor));
    }

    /** What the file says, or the YaRN paper's 0.1 ln(factor) + 1 (section 3.4), or a ratio of two such values. */
    private static double attentionFactor(JsonValue json, double factor) {
        Optional<JsonValue> given = json.find("attention_factor");
        if (given.isPresent()) {
            return positive(given.get());
        }
        double mscale = json.find("mscale").map(m -> m.number(0, MAX_FACTOR)).orElse(0.0);
        double all =
                json.find("mscale_all_dim").map(m -> m.number(0, MAX_FACTOR)).orElse(0.0);
        return mscale != 0 && all != 0 ? magnitude(factor, mscale) / magnitude(factor, all) : magnitude(factor, 1);
    }

    private static double magnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    private int original(JsonValue json) {
        return json.find("original_max_position_embeddings")
                .map(value -> value.integer(1, Integer.MAX_VALUE))
                .orElse(maxPosition);
    }

    private static double factor(JsonValue json) {
        return json.number(1, MAX_FACTOR);
    }

    private static double positive(JsonValue json) {
        return json.number(Double.MIN_NORMAL, MAX_FACTOR);
    }
}
