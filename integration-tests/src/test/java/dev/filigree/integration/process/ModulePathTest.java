package dev.filigree.integration.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The application starts as real modules, with native access for exactly the modules that need it. */
class ModulePathTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void theCommandLineStartsAndSaysHowItIsCalled() throws Exception {
        var result = ModulePathProcess.cli("--help").run(SOON);

        assertEquals(0, result.exitCode(), result.toString());
        assertTrue(result.out().toLowerCase(Locale.ROOT).contains("usage: filigree"), result.out());
    }

    @Test
    void everyModuleIsOnThePath() throws Exception {
        var result = ModulePathProcess.cli().withJvmOptions("--list-modules").run(SOON);

        Set<String> modules = result.out()
                .lines()
                .map(line -> line.split("[@ ]", 2)[0])
                .filter(name -> name.startsWith("dev.filigree."))
                .collect(Collectors.toSet());
        assertEquals(
                Set.of(
                        "dev.filigree.api",
                        "dev.filigree.policies",
                        "dev.filigree.cpu.reference",
                        "dev.filigree.cpu.vector",
                        "dev.filigree.cuda",
                        "dev.filigree.vulkan",
                        "dev.filigree.conformance",
                        "dev.filigree.host"),
                modules);
    }

    @Test
    void nativeAccessNamesModulesThatExist() throws Exception {
        var result = ModulePathProcess.cli("--help").run(SOON);

        assertFalse(result.err().contains("Unknown module"), result.err());
    }

    @Test
    void aProcessThatHangsIsStopped() {
        // A debugger that never comes: the JVM waits for it before it starts.
        var hanging = ModulePathProcess.cli("--help")
                .withJvmOptions("-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:0");
        assertThrows(AssertionError.class, () -> hanging.run(Duration.ofSeconds(2)));
    }
}
