package dev.filigree.integration.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The samples' own builds, as their authors would run them: Maven resolves our artifacts from a repository that holds
 * what we publish, and everything else from the repository of this build.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "calls the wrapper's shell script")
class SampleBuildTest {
    private static final String REPOSITORY = System.getProperty("filigree.repository", "");

    @TempDir
    Path folder;

    private LocalRepository published;

    @BeforeEach
    void publish() throws IOException {
        published = new LocalRepository(Files.createDirectories(folder.resolve("repository")));
    }

    @Test
    void theBackendConforms() throws Exception {
        String report = build(SampleProject.BACKEND);

        assertTrue(report.contains("conformance of sample on one thread"), report);
        assertFalse(report.contains(" 0 passed, 0 required"), report);
        assertTrue(report.contains(" passed, 0 required and 0 optional failed"), report);
    }

    @Test
    void thePolicyPassesItsTests() throws Exception {
        String report = build(SampleProject.POLICY);

        assertTrue(report.contains("Tests run: 6, Failures: 0, Errors: 0, Skipped: 0"), report);
        assertTrue(report.contains("Tests run: 32, Failures: 0, Errors: 0, Skipped: 0"), report);
    }

    /** Builds a copy of a sample and gives back all that Maven printed. */
    private String build(SampleProject sample) throws IOException, InterruptedException {
        Path copy = copy(sample);
        Path log = folder.resolve("log");
        List<String> command = new ArrayList<>(List.of(
                ProjectTree.root().resolve("mvnw").toString(),
                "-B",
                "-ntp",
                "-f",
                copy.resolve("pom.xml").toString(),
                "-Dmaven.repo.local=" + published.folder(),
                "-Dmaven.repo.local.tail=" + REPOSITORY,
                "verify"));
        if (System.getProperty("filigree.network", "").equals("offline=true")) {
            command.add("-o");
        }
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(copy.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().keySet().removeAll(List.of("MAVEN_OPTS", "MAVEN_ARGS", "JAVA_TOOL_OPTIONS"));
        Process process = builder.start();
        boolean finished = process.waitFor(5, TimeUnit.MINUTES);
        if (!finished) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        String printed = Files.readString(log);
        assertTrue(finished, () -> "the build hangs: " + printed);
        assertEquals(0, process.exitValue(), printed);
        return printed;
    }

    private Path copy(SampleProject sample) throws IOException {
        Path from = sample.folder();
        Path to = folder.resolve("project");
        try (var files = Files.walk(from)) {
            for (Path file : files.collect(Collectors.toList())) {
                if (!file.startsWith(from.resolve("target"))) {
                    Files.copy(file, to.resolve(from.relativize(file).toString()));
                }
            }
        }
        return to;
    }
}
