package dev.filigree.integration.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Where things are in the source tree the tests run in. */
public final class ProjectTree {
    private static final Path ROOT =
            Path.of(System.getProperty("filigree.root", "..")).toAbsolutePath().normalize();

    private ProjectTree() {}

    /** The top of the tree. */
    public static Path root() {
        return ROOT;
    }

    /** The module path that the build laid out for the launcher: every jar of the application, and nothing else. */
    public static Path modulePath() {
        Path modulePath = ROOT.resolve("host/target/filigree/mods");
        if (!Files.isDirectory(modulePath)) {
            throw new IllegalStateException(
                    "no packaged modules in host/target/filigree/mods: these tests run in 'verify', after 'package'");
        }
        return modulePath;
    }

    /** JVM options that the launcher uses, from the file that it reads too. */
    public static List<String> jvmOptions() throws IOException {
        try (Stream<String> lines = Files.lines(modulePath().resolveSibling("jvm.options"))) {
            return lines.map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .toList();
        }
    }
}
