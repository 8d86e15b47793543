package dev.filigree.integration.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;

/** A project under {@code integration-tests/samples}, which no build of ours knows. */
public enum SampleProject {
    /** The backend {@code sample}. */
    BACKEND,
    /** The attention policy {@code sample-window}. */
    POLICY;

    /** Its folder. */
    public Path folder() {
        return ProjectTree.root()
                .resolve("integration-tests/samples")
                .resolve(name().toLowerCase(java.util.Locale.ROOT));
    }

    /**
     * Makes a modular jar of the main sources with the JDK's own tools, against the packaged modules and nothing else.
     *
     * @param target an existing folder for the jar
     * @return the jar
     */
    public Path compile(Path target) throws IOException {
        Path classes = Files.createDirectories(target.resolve("classes-" + this));
        // A class path of its own, since the tool would take this process's.
        List<String> arguments = new ArrayList<>(List.of("--release", "25", "-Xlint:all", "-Werror"));
        arguments.addAll(List.of("-d", classes.toString(), "-cp", classes.toString()));
        arguments.addAll(List.of("-p", ProjectTree.modulePath().toString()));
        try (var files = Files.walk(folder().resolve("src/main/java"))) {
            files.filter(file -> file.toString().endsWith(".java"))
                    .map(Path::toString)
                    .forEach(arguments::add);
        }
        run("javac", arguments);
        Path jar = Files.createDirectories(target.resolve("modules"))
                .resolve("sample-" + name().toLowerCase(java.util.Locale.ROOT) + ".jar");
        run("jar", List.of("--create", "--file", jar.toString(), "-C", classes.toString(), "."));
        return jar;
    }

    private static void run(String tool, List<String> arguments) {
        StringWriter said = new StringWriter();
        PrintWriter writer = new PrintWriter(said);
        int exitCode = ToolProvider.findFirst(tool).orElseThrow().run(writer, writer, arguments.toArray(String[]::new));
        assertEquals(0, exitCode, () -> tool + ": " + said);
    }
}
