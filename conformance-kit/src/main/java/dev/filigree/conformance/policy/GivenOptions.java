package dev.filigree.conformance.policy;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.conformance.certificate.GivenText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Options from texts, the specs' defaults where there are none. Nested policies may be given ready-made. */
final class GivenOptions implements PolicyOptions {
    private final List<OptionSpec> specs;
    private final Map<String, String> given;
    private final Map<String, AttentionPolicy> nested;

    /**
     * Checked options.
     *
     * @throws IllegalArgumentException if a key is unknown, or a required one is missing
     */
    GivenOptions(
            String policy, List<OptionSpec> specs, Map<String, String> given, Map<String, AttentionPolicy> nested) {
        this.specs = specs;
        this.given = given;
        this.nested = nested;
        for (String key : given.keySet()) {
            if (specs.stream().noneMatch(spec -> spec.key().equals(key))) {
                throw new IllegalArgumentException("policy " + policy + " has options "
                        + specs.stream().map(OptionSpec::key).toList() + ", not " + GivenText.line(key));
            }
        }
        for (OptionSpec spec : specs) {
            if (spec.defaultText().isEmpty() && !given.containsKey(spec.key())) {
                throw new IllegalArgumentException("policy " + policy + " needs the option " + spec.key());
            }
        }
    }

    private String value(String key) {
        OptionSpec spec = specs.stream()
                .filter(one -> one.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the provider declares no option " + key));
        return given.getOrDefault(key, spec.defaultText().orElse(""));
    }

    private static <T> T parsed(String key, String text, String accepted, Function<String, T> parse) {
        try {
            return parse.apply(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "option " + key + " must be " + accepted + ", not " + GivenText.quote(text), e);
        }
    }

    @Override
    public long integer(String key) {
        return parsed(key, value(key), "a whole number", Long::valueOf);
    }

    @Override
    public double number(String key) {
        return parsed(key, value(key), "a number", Double::valueOf);
    }

    @Override
    public boolean bool(String key) {
        return Boolean.parseBoolean(value(key));
    }

    @Override
    public String text(String key) {
        return value(key);
    }

    @Override
    public Optional<Path> file(String key) {
        return Optional.of(value(key)).filter(text -> !text.isEmpty()).map(Path::of);
    }

    @Override
    public <T> T policy(String key, Class<T> kind) {
        AttentionPolicy made = nested.get(key);
        return kind.cast(made != null ? made : PolicySetting.parse(value(key)).policy());
    }

    @Override
    public List<Double> numbers(String key) {
        return Arrays.stream(value(key).split(","))
                .map(text -> parsed(key, text, "numbers with commas between them", Double::valueOf))
                .toList();
    }

    @Override
    public <T> List<SelectedPolicy<T>> policies(String key, Class<T> kind) {
        List<SelectedPolicy<T>> chosen = new ArrayList<>();
        for (String part : value(key).isEmpty() ? new String[0] : value(key).split("\\+")) {
            int at = part.indexOf('@');
            if (at < 1) {
                throw new IllegalArgumentException("option " + key
                        + " must be SELECTOR@POLICY, several of them with + between, not " + GivenText.quote(part));
            }
            T policy = kind.cast(PolicySetting.parse(part.substring(at + 1)).policy());
            chosen.add(new SelectedPolicy<>(part.substring(0, at), policy, path(key) + "[" + chosen.size() + "]"));
        }
        return chosen;
    }

    @Override
    public boolean isGiven(String key) {
        return given.containsKey(key) || nested.containsKey(key);
    }

    @Override
    public String path(String key) {
        return "attention." + key;
    }
}
