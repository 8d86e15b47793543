package dev.filigree.integration.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.integration.samples.SampleProject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** When the launcher builds, what it starts, and what it says when it cannot; on a small tree with a Maven that only pretends. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a shell script")
class LauncherTest {
    private static final List<String> MODULES = List.of(
            "api",
            "policies",
            "spi-cpu-reference",
            "spi-cpu-vector",
            "spi-cuda",
            "spi-vulkan",
            "conformance-kit",
            "host");

    @TempDir
    Path root;

    private final Map<String, String> environment = new HashMap<>();

    /** Lays out a tree whose build copies the modules packaged here and writes one line for every time it is called. */
    @BeforeEach
    void layOutTree() throws IOException {
        for (String module : MODULES) {
            Files.createDirectories(root.resolve(module).resolve("src/main/java"));
            Files.writeString(root.resolve(module).resolve("pom.xml"), "<project/>");
        }
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        Files.copy(ProjectTree.root().resolve("filigree"), root.resolve("filigree"));
        pretendMaven("mkdir -p host/target/filigree && cp -rp '" + ProjectTree.modulePath() + "' '"
                + ProjectTree.modulePath().resolveSibling("jvm.options") + "' host/target/filigree/");
        Instant past = Instant.now().minusSeconds(60);
        try (var files = Files.walk(root)) {
            for (Path file : files.toList()) {
                Files.setLastModifiedTime(file, FileTime.from(past));
            }
        }
    }

    @Test
    void buildsOnFirstUseAndAgainOnlyWhenASourceIsNewer() throws Exception {
        Result first = run("--help");
        Result second = run("--help");
        int builtOnce = numBuilds();
        Files.writeString(root.resolve("host/src/main/java/New.java"), "class New {}");
        Result third = run("--help");

        assertAll(
                () -> assertEquals(0, first.exitCode(), first.err()),
                () -> assertTrue(first.err().contains("building"), first.err()),
                () -> assertEquals(0, second.exitCode(), second.err()),
                () -> assertFalse(second.err().contains("building"), second.err()),
                () -> assertEquals(first.out(), second.out()),
                () -> assertEquals(1, builtOnce),
                () -> assertEquals(0, third.exitCode(), third.err()),
                () -> assertEquals(2, numBuilds()));
    }

    @Test
    void saysWhyTheBuildFailedAndTriesAgainNextTime() throws Exception {
        pretendMaven("echo '[ERROR] Main.java:[3,7] no such thing'; exit 1");
        Result first = run("--help");
        Result second = run("--help");

        assertAll(
                () -> assertEquals(1, first.exitCode()),
                () -> assertTrue(first.err().contains("Main.java:[3,7] no such thing"), first.err()),
                () -> assertTrue(first.err().contains("the build failed, see "), first.err()),
                () -> assertEquals(1, second.exitCode()),
                () -> assertEquals(2, numBuilds()));
    }

    @Test
    void aMissingJdkIsOneSentence() throws Exception {
        Path launcher = root.resolve("filigree");
        Files.writeString(launcher, Files.readString(launcher).replace("NEEDED_JAVA=25", "NEEDED_JAVA=999"));
        Result result = run("--help");

        assertAll(
                () -> assertEquals(1, result.exitCode()),
                () -> assertTrue(result.err().startsWith("filigree: no JDK 999 or newer found: "), result.err()),
                () -> assertEquals(1, result.err().lines().count(), result.err()),
                () -> assertEquals(0, numBuilds()));
    }

    @Test
    void theArchiveOfClassesIsMadeOnceAndRenewedWithTheJars() throws Exception {
        run("--help");
        Path archive = archive();
        FileTime made = Files.getLastModifiedTime(archive);
        run("--help");
        assertEquals(made, Files.getLastModifiedTime(archive));

        Path api = root.resolve("host/target/filigree/mods").resolve(apiJar());
        Files.setLastModifiedTime(api, FileTime.from(Instant.now().plusSeconds(1)));
        Result result = run("--help");
        assertTrue(Files.getLastModifiedTime(archive).compareTo(made) > 0);
        assertFalse(result.err().contains("[warning]"), result.err());
    }

    @Test
    void modulesFromOutsideComeFromTheEnvironment() throws Exception {
        Path jar = SampleProject.BACKEND.compile(root.resolve("outside"));
        environment.put("FILIGREE_MODULE_PATH", jar.toString());
        Result result = run("backends");

        assertAll(
                () -> assertEquals(0, result.exitCode(), result.err()),
                () -> assertTrue(result.out().contains("sample"), result.out()));
    }

    private record Result(int exitCode, String out, String err) {}

    private Result run(String... arguments) throws IOException, InterruptedException {
        Path out = root.resolve("out");
        Path err = root.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(root.resolve("filigree").toString())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.command().addAll(List.of(arguments));
        builder.environment().putAll(environment);
        builder.environment().put("FILIGREE_JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the launcher hangs");
        return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private void pretendMaven(String commands) throws IOException {
        Path maven = Files.writeString(root.resolve("mvnw"), "#!/bin/sh\necho >>builds\n" + commands + "\n");
        Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private int numBuilds() throws IOException {
        Path builds = root.resolve("builds");
        return Files.exists(builds) ? Files.readAllLines(builds).size() : 0;
    }

    private Path archive() throws IOException {
        return only("host/target/filigree", "classes-");
    }

    private Path apiJar() throws IOException {
        return only("host/target/filigree/mods", "filigree-api-").getFileName();
    }

    private Path only(String folder, String prefix) throws IOException {
        try (var files = Files.list(root.resolve(folder))) {
            List<Path> found = files.filter(
                            file -> file.getFileName().toString().startsWith(prefix))
                    .toList();
            assertEquals(1, found.size(), found::toString);
            return found.getFirst();
        }
    }
}
