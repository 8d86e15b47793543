package dev.filigree.policies.config;

import dev.filigree.policies.registry.OptionValue;
import dev.filigree.policies.registry.PolicySection;
import java.util.OptionalLong;
import java.util.Set;

/** Prints a config in the form it is written in, with every default spelled out and marked. */
final class ConfigText {
    private final StringBuilder text = new StringBuilder();
    private final Set<String> given;

    private ConfigText(Set<String> given) {
        this.given = given;
    }

    static String of(RunConfig config) {
        ConfigText t = new ConfigText(config.given());
        t.line("", "model.folder", config.model());
        config.keySmoothing().ifPresent(file -> t.line("", "model.keySmoothing", file));
        t.line("", "compute", config.compute());
        t.line("", "backend.name", config.backend().name().orElse("auto"));
        t.line("", "backend.order", config.backend().order());
        new java.util.TreeMap<>(config.backend().options().values())
                .forEach((key, value) -> t.line("", "backend." + key, value));
        t.policy("", config.attention());
        t.policy("", config.kvCache());
        t.policy("", config.linear());
        config.adapters()
                .forEach(adapter ->
                        t.line("", "adapters", adapter.name() + " at " + adapter.strength() + ", " + adapter.path()));
        config.prompt().text().ifPresent(prompt -> t.line("", "prompt.text", prompt.length() + " characters"));
        config.prompt().file().ifPresent(file -> t.line("", "prompt.file", file));
        GenerationConfig g = config.generation();
        t.line("", "generation.maxTokens", g.maxTokens());
        t.line("", "generation.temperature", g.temperature());
        t.line("", "generation.topK", g.topK());
        t.line("", "generation.topP", g.topP());
        t.line("", "generation.seed", g.seed());
        t.line("", "generation.stopAtEos", g.stopAtEos());
        LimitsConfig l = config.limits();
        t.line("", "limits.maxContext", orElse(l.maxContext(), "the model's"));
        t.line("", "limits.maxSeqs", l.maxSeqs());
        t.line("", "limits.prefillChunk", l.prefillChunk());
        t.line("", "limits.kvBudget", orElse(l.kvBudgetBytes(), "what the limits take"));
        t.line("", "limits.maxQueue", l.maxQueue());
        t.line("", "limits.swapBudget", l.swapBudgetBytes());
        t.line("", "limits.prefixCache", l.prefixCache());
        return t.text.toString();
    }

    private void policy(String indent, PolicySection section) {
        line(indent, section.path() + ".policy", section.policy());
        section.options().forEach((name, value) -> {
            String key = section.path() + "." + name;
            switch (value) {
                case OptionValue.Nested nested -> policy(indent + "  ", nested.section());
                case OptionValue.NestedList list ->
                    list.sections().forEach(part -> {
                        line(indent + "  ", part.section().path() + "." + list.selectorKey(), part.selector());
                        policy(indent + "  ", part.section());
                    });
                default -> line(indent, key, value);
            }
        });
    }

    private void line(String indent, String key, Object value) {
        text.append(indent)
                .append(key)
                .append(": ")
                .append(value)
                .append(given.contains(key) ? "" : "  # default")
                .append('\n');
    }

    private static String orElse(OptionalLong value, String other) {
        return value.isPresent() ? Long.toString(value.getAsLong()) : other;
    }
}
