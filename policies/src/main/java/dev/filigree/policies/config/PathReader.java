package dev.filigree.policies.config;

import dev.filigree.policies.yaml.YamlNode;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Reads paths relative to the folder of the config file. */
final class PathReader {
    private final Path base;
    private final Problems problems;

    PathReader(Path base, Problems problems) {
        this.base = base;
        this.problems = problems;
    }

    /** A file or folder that exists. */
    Optional<Path> existing(String key, YamlNode node) {
        Optional<Path> path = path(key, node);
        if (path.isPresent() && !Files.exists(path.get())) {
            problems.add(node.line(), key, "must name an existing file, not " + path.get());
            return Optional.empty();
        }
        return path;
    }

    /** A file that exists and is not a folder. */
    Optional<Path> file(String key, YamlNode node) {
        Optional<Path> path = path(key, node);
        if (path.isPresent() && !Files.isRegularFile(path.get())) {
            problems.add(node.line(), key, "must name an existing file, not " + path.get());
            return Optional.empty();
        }
        return path;
    }

    /** A folder that exists. */
    Optional<Path> folder(String key, YamlNode node) {
        Optional<Path> path = path(key, node);
        if (path.isPresent() && !Files.isDirectory(path.get())) {
            problems.add(node.line(), key, "must name an existing folder, not " + path.get());
            return Optional.empty();
        }
        return path;
    }

    private Optional<Path> path(String key, YamlNode node) {
        Optional<String> text = new Values(problems).text(key, node);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(base.resolve(text.get()).normalize());
        } catch (InvalidPathException e) {
            problems.add(node.line(), key, "must be a path, not " + node.describe() + ": " + e.getReason());
            return Optional.empty();
        }
    }
}
