package dev.filigree.integration.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.integration.process.ModulePathProcess;
import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jars that nothing of ours knows become a backend and a policy by lying on the module path and standing in a config. */
class SampleRunTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @TempDir
    static Path modules;

    @TempDir
    Path folder;

    @BeforeAll
    static void compile() throws IOException {
        for (SampleProject sample : SampleProject.values()) {
            sample.compile(modules);
        }
    }

    @Test
    void theBackendIsListed() throws Exception {
        Path report = folder.resolve("backends.json");
        var result = filigree("backends", "--json", report.toString());

        assertEquals(0, result.exitCode(), result.toString());
        assertTrue(result.out().contains("sample"), result.out());
        String json = Files.readString(report);
        assertTrue(json.contains("\"sample\""), json);
        assertTrue(json.contains("\"plain loops\""), json);
    }

    @Test
    void thePolicyIsExplained() throws Exception {
        var result = filigree("explain", config().toString(), "--tokens", "2048");

        assertEquals(0, result.exitCode(), result.toString());
        assertTrue(result.out().contains("streaming(sink=4, recent=64)"), result.out());
    }

    @Test
    void bothAnswerANeedlePrompt() throws Exception {
        Path made = folder.resolve("needle.json");
        var needle = filigree("needle", "--tokens", "512", "--depth", "0.2", "--json", made.toString());
        Path prompt = Files.writeString(folder.resolve("prompt.txt"), needle.out());
        String answer = answer(Files.readString(made));
        Path report = folder.resolve("run.json");

        var result = filigree(
                "run",
                config().toString(),
                "--prompt-file",
                prompt.toString(),
                "--expect",
                answer,
                "--json",
                report.toString());

        assertEquals(0, result.exitCode(), result.toString());
        String json = Files.readString(report);
        assertTrue(json.contains("backend sample on one thread"), json);
        assertTrue(json.contains(answer), json);
    }

    private static ModulePathProcess.Result filigree(String... arguments) throws Exception {
        return ModulePathProcess.cli(arguments)
                .withModules(modules.resolve("modules"))
                .run(PATIENCE);
    }

    private Path config() throws IOException {
        return Files.writeString(
                folder.resolve("sample.yaml"), """
                model: %s
                backend: {name: sample}
                attention: {policy: sample-window, recent: 64}
                generation: {maxTokens: 8}
                limits: {maxContext: 4096}
                """.formatted(ProjectTree.root().resolve("examples/models/needle-16k")));
    }

    private static String answer(String json) {
        Matcher answer = Pattern.compile("\"answer\"\\s*:\\s*\"([^\"]+)\"").matcher(json);
        assertTrue(answer.find(), json);
        return answer.group(1);
    }
}
