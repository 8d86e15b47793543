package dev.filigree.integration.errors;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.filigree.integration.process.ModulePathProcess;
import dev.filigree.integration.process.ProjectTree;
import dev.filigree.integration.samples.SampleProject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a user reads when a config cannot be served, to the letter: {@code NAME.yaml} is run and must print {@code
 * NAME.txt}. With {@code -Dfiligree.update=true} the texts are written instead; read the difference before committing it.
 */
class ErrorTextTest {
    private static final int WRONG_CONFIG = 2;
    private static final Path GOLDEN = ProjectTree.root().resolve("integration-tests/src/test/resources/golden/errors");

    @TempDir
    static Path modules;

    static List<String> configs() throws IOException {
        try (var files = Files.list(GOLDEN)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
    }

    @BeforeAll
    static void compileTheSamples() throws IOException {
        for (SampleProject sample : SampleProject.values()) {
            sample.compile(modules);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void saysWhatIsWrong(String config) throws Exception {
        Path expected = GOLDEN.resolve(config.replace(".yaml", ".txt"));
        var result = ModulePathProcess.cli("run", config, "--prompt", "Hello")
                .withModules(modules.resolve("modules"))
                .in(GOLDEN)
                .run(Duration.ofMinutes(1));
        String said = withoutTheJvmsOwn(result.err()).replace(ProjectTree.root().toString(), "TREE");
        if (Boolean.getBoolean("filigree.update")) {
            Files.writeString(expected, said);
        }

        assertAll(
                () -> assertEquals(WRONG_CONFIG, result.exitCode(), said),
                () -> assertEquals("", result.out()),
                () -> assertFalse(said.contains("\tat "), said),
                () -> assertEquals(Files.readString(expected), said));
    }

    private static String withoutTheJvmsOwn(String err) {
        return err.replaceFirst("WARNING: Using incubator modules: .*\\R", "");
    }
}
