package dev.filigree.policies.config;

import dev.filigree.policies.yaml.YamlNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** One section of the file while it is read: hands out its keys once, then reports those nobody asked for. */
final class Section {
    private final String path;
    private final Problems problems;
    private final Map<String, YamlNode.Entry> entries = new LinkedHashMap<>();
    private final SortedSet<String> known = new TreeSet<>();

    /**
     * Reads a node as a section.
     *
     * @param path full name, empty for the whole file
     * @param given the section, or nothing
     * @param shorthand the key that a lone value in place of the section stands for, if one may stand there
     */
    Section(String path, Optional<YamlNode> given, Optional<String> shorthand, Problems problems) {
        this.path = path;
        this.problems = problems;
        given.ifPresent(node -> read(node, shorthand));
    }

    private void read(YamlNode node, Optional<String> shorthand) {
        if (!path.isEmpty()) {
            problems.stands(path, node.line());
        }
        switch (node) {
            case YamlNode.Mapping mapping -> mapping.entries().forEach(this::put);
            case YamlNode.Scalar scalar when scalar.isEmpty() -> {}
            case YamlNode.Scalar scalar
            when shorthand.isPresent() -> put(new YamlNode.Entry(shorthand.get(), scalar.line(), scalar));
            default -> problems.add(node.line(), path, "must be a section of keys, not " + node.describe());
        }
    }

    private void put(YamlNode.Entry entry) {
        YamlNode.Entry earlier = entries.putIfAbsent(entry.key(), entry);
        if (earlier != null) {
            problems.add(entry.line(), key(entry.key()), "stands twice, first in line " + earlier.line());
        } else {
            problems.stands(key(entry.key()), entry.line());
        }
    }

    String path() {
        return path;
    }

    /** Full name of a key. */
    String key(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /** Whether the file gives a key. */
    boolean has(String name) {
        return entries.containsKey(name);
    }

    /** Accepts a key and returns its value, if it is given. */
    Optional<YamlNode> take(String name) {
        known.add(name);
        return Optional.ofNullable(entries.get(name)).map(YamlNode.Entry::value);
    }

    /** Keys not asked for so far, in file order. */
    List<YamlNode.Entry> others() {
        return entries.values().stream()
                .filter(entry -> !known.contains(entry.key()))
                .toList();
    }

    /** Reports every key that nobody asked for. */
    void refuseOthers() {
        for (YamlNode.Entry entry : others()) {
            problems.add(
                    entry.line(),
                    key(entry.key()),
                    "is not a key here" + Nearest.suggestion(entry.key(), known) + "; accepted are " + known);
        }
    }

    void problem(String name, String message) {
        problems.addAt(key(name), message);
    }

    Problems problems() {
        return problems;
    }
}
