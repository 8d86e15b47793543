package dev.filigree.policies.config;

import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.policies.registry.OptionValue;
import dev.filigree.policies.registry.PolicyKind;
import dev.filigree.policies.registry.PolicyRegistry;
import dev.filigree.policies.registry.PolicySection;
import dev.filigree.policies.yaml.YamlNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Reads policy sections by what their providers declare, the same way for every policy. */
final class PolicyReader {
    private final PolicyRegistry registry;
    private final PathReader paths;
    private final Problems problems;
    private final Values values;

    PolicyReader(PolicyRegistry registry, PathReader paths, Problems problems) {
        this.registry = registry;
        this.paths = paths;
        this.problems = problems;
        this.values = new Values(problems);
    }

    /**
     * Reads a section.
     *
     * @param node the section; a lone name stands for its policy key
     * @param defaultPolicy used when no policy is named; absent: one must be
     * @return the section, or empty if its policy is unknown; other problems are reported and leave defaults
     */
    Optional<PolicySection> read(
            PolicyKind kind, String path, Optional<YamlNode> node, Optional<String> defaultPolicy) {
        return read(kind, new Section(path, node, Optional.of("policy"), problems), defaultPolicy);
    }

    private Optional<PolicySection> read(PolicyKind kind, Section section, Optional<String> defaultPolicy) {
        Optional<String> name = section.take("policy")
                .map(n -> values.text(section.key("policy"), n))
                .orElse(defaultPolicy);
        if (name.isEmpty()) {
            if (!section.has("policy")) {
                section.problem("policy", "is missing; accepted are " + registry.names(kind));
            }
            return Optional.empty();
        }
        Optional<PolicyProvider<?>> provider = registry.find(kind, name.get());
        if (provider.isEmpty()) {
            section.problem(
                    "policy",
                    "must be one of " + registry.names(kind) + ", not \"" + name.get() + "\""
                            + Nearest.suggestion(name.get(), registry.names(kind)) + refusedText());
            return Optional.empty();
        }
        Map<String, OptionValue> options = new LinkedHashMap<>();
        Set<String> given = new LinkedHashSet<>();
        for (OptionSpec spec : provider.get().options()) {
            option(kind, section, spec).ifPresent(value -> options.put(spec.key(), value));
            if (section.has(spec.key())) {
                given.add(spec.key());
            }
        }
        section.refuseOthers();
        return Optional.of(new PolicySection(section.path(), kind, name.get(), options, given));
    }

    private String refusedText() {
        return registry.refused().isEmpty() ? "" : "; not offered: " + String.join("; ", registry.refused());
    }

    private Optional<OptionValue> option(PolicyKind kind, Section section, OptionSpec spec) {
        Optional<YamlNode> node = section.take(spec.key());
        String key = section.key(spec.key());
        if (node.isEmpty()) {
            if (spec.defaultText().isEmpty()) {
                section.problem(spec.key(), "is missing; " + spec.help() + ", accepted are " + spec.accepted());
                return Optional.empty();
            }
            return Optional.of(defaultValue(kind, key, spec));
        }
        return given(kind, key, spec, node.get());
    }

    private Optional<OptionValue> given(PolicyKind kind, String key, OptionSpec spec, YamlNode node) {
        return switch (spec.type()) {
            case INTEGER -> {
                OptionalLong whole = values.integer(key, node, (long) spec.minimum(), (long) spec.maximum());
                yield whole.isPresent() ? Optional.of(new OptionValue.Whole(whole.getAsLong())) : Optional.empty();
            }
            case NUMBER ->
                values.number(key, node, spec.minimum(), spec.maximum()).stream()
                        .mapToObj(OptionValue.Real::new)
                        .map(OptionValue.class::cast)
                        .findFirst();
            case NUMBERS ->
                values.numbers(key, node, spec.minimum(), spec.maximum()).map(OptionValue.Reals::new);
            case BOOLEAN -> values.bool(key, node).map(OptionValue.Flag::new);
            case CHOICE -> values.choice(key, node, spec.accepted()).map(OptionValue.Text::new);
            case TEXT -> values.text(key, node).map(OptionValue.Text::new);
            case FILE -> paths.existing(key, node).map(path -> new OptionValue.File(Optional.of(path)));
            case POLICY ->
                read(kind, key, Optional.of(node), spec.defaultText()).map(OptionValue.Nested::new);
            case POLICIES -> Optional.of(list(kind, key, spec.accepted().getFirst(), node));
        };
    }

    private OptionValue list(PolicyKind kind, String key, String selectorKey, YamlNode node) {
        List<OptionValue.Selected> parts = new ArrayList<>();
        if (node instanceof YamlNode.Sequence sequence) {
            for (int i = 0; i < sequence.items().size(); i++) {
                Section part = new Section(
                        key + "[" + i + "]", Optional.of(sequence.items().get(i)), Optional.empty(), problems);
                Optional<YamlNode> selector = part.take(selectorKey);
                if (selector.isEmpty()) {
                    part.problem(selectorKey, "is missing; it says what the policy of this section is for");
                }
                Optional<String> text = selector.flatMap(n -> values.text(part.key(selectorKey), n));
                read(kind, part, Optional.empty())
                        .ifPresent(policy -> parts.add(new OptionValue.Selected(text.orElse(""), policy)));
            }
        } else {
            problems.add(
                    node.line(),
                    key,
                    "must be a list of sections with keys policy and " + selectorKey + ", not " + node.describe());
        }
        return new OptionValue.NestedList(selectorKey, parts);
    }

    private OptionValue defaultValue(PolicyKind kind, String key, OptionSpec spec) {
        String text = spec.defaultText().orElseThrow();
        return switch (spec.type()) {
            case INTEGER -> new OptionValue.Whole(Long.parseLong(text));
            case NUMBER -> new OptionValue.Real(Double.parseDouble(text));
            case NUMBERS -> new OptionValue.Reals(List.of(Double.parseDouble(text)));
            case BOOLEAN -> new OptionValue.Flag(Boolean.parseBoolean(text));
            case CHOICE, TEXT -> new OptionValue.Text(text);
            case FILE -> new OptionValue.File(Optional.empty());
            case POLICY ->
                new OptionValue.Nested(read(kind, key, Optional.empty(), Optional.of(text))
                        .orElseThrow(() -> new IllegalStateException("default policy " + text + " is not installed")));
            case POLICIES -> new OptionValue.NestedList(spec.accepted().getFirst(), List.of());
        };
    }
}
