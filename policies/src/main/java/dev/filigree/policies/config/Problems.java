package dev.filigree.policies.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects what is wrong with one file, and remembers in which line each key stands. */
final class Problems {
    private final String file;
    private final List<ConfigProblem> found = new ArrayList<>();
    private final Map<String, Integer> lines = new HashMap<>();

    Problems(String file) {
        this.file = file;
    }

    void add(int line, String key, String message) {
        found.add(new ConfigProblem(file, line, key, message));
    }

    /** Reports at the line of a key, or of the nearest section above it that stands in the file. */
    void addAt(String key, String message) {
        add(lineOf(key), key, message);
    }

    void stands(String key, int line) {
        lines.putIfAbsent(key, line);
    }

    private int lineOf(String key) {
        String at = key;
        while (!at.isEmpty()) {
            Integer line = lines.get(at);
            if (line != null) {
                return line;
            }
            int dot = at.lastIndexOf('.');
            at = dot < 0 ? "" : at.substring(0, dot);
        }
        return 1;
    }

    /** Keys that stand in the file. */
    Set<String> keys() {
        return Set.copyOf(lines.keySet());
    }

    /** Whether nothing is wrong in a section and the sections below it. */
    boolean isClean(String section) {
        return found.stream()
                .map(ConfigProblem::key)
                .noneMatch(key -> key.equals(section) || key.startsWith(section + "."));
    }

    void throwIfAny() {
        if (!found.isEmpty()) {
            throw new ConfigException(found.stream()
                    .sorted(Comparator.comparingInt(ConfigProblem::line).thenComparing(ConfigProblem::key))
                    .toList());
        }
    }
}
