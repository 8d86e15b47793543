package dev.filigree.policies.config;

import dev.filigree.policies.yaml.YamlNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** Reads the list of adapters: paths, or sections with {@code path}, {@code name} and {@code strength}. */
final class AdaptersSection {
    private static final String KEY = "adapters";
    private static final double MAX_STRENGTH = 1e6;

    private final PathReader paths;
    private final Problems problems;
    private final Values values;

    AdaptersSection(PathReader paths, Problems problems) {
        this.paths = paths;
        this.problems = problems;
        this.values = new Values(problems);
    }

    List<AdapterConfig> read(Optional<YamlNode> node) {
        if (node.isEmpty()) {
            return List.of();
        }
        if (!(node.get() instanceof YamlNode.Sequence sequence)) {
            problems.add(
                    node.get().line(),
                    KEY,
                    "must be a list of paths, or of sections with keys path, name and strength, not "
                            + node.get().describe());
            return List.of();
        }
        problems.stands(KEY, sequence.line());
        List<AdapterConfig> adapters = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < sequence.items().size(); i++) {
            read(KEY + "[" + i + "]", sequence.items().get(i)).ifPresent(adapter -> {
                if (!names.add(adapter.name())) {
                    problems.add(
                            sequence.line(),
                            KEY,
                            "must have a name of their own each; two are called " + adapter.name());
                }
                adapters.add(adapter);
            });
        }
        return adapters;
    }

    private Optional<AdapterConfig> read(String key, YamlNode item) {
        Section section = new Section(key, Optional.of(item), Optional.of("path"), problems);
        Optional<YamlNode> given = section.take("path");
        if (given.isEmpty()) {
            section.problem("path", "is missing; it names a safetensors file or a folder with one");
        }
        Optional<Path> path = given.flatMap(n -> paths.existing(section.key("path"), n));
        Optional<YamlNode> named = section.take("name");
        Optional<String> name =
                named.flatMap(n -> values.text(section.key("name"), n)).or(() -> path.map(AdapterConfig::nameOf));
        OptionalDouble strength = section.take("strength")
                .map(n -> values.number(section.key("strength"), n, -MAX_STRENGTH, MAX_STRENGTH))
                .orElse(OptionalDouble.of(1));
        section.refuseOthers();
        if (name.isPresent() && !AdapterConfig.isName(name.get())) {
            section.problem("name", "must be 1 to 64 letters, digits, _ and -, not \"" + name.get() + "\"");
            return Optional.empty();
        }
        return path.isPresent() && name.isPresent() && strength.isPresent()
                ? Optional.of(new AdapterConfig(name.get(), path.get(), (float) strength.getAsDouble()))
                : Optional.empty();
    }
}
