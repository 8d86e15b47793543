package dev.filigree.integration.samples;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A Maven repository with what a release would publish: the parent, and jars with their POMs. */
final class LocalRepository {
    private static final String VERSION = System.getProperty("filigree.version", "");
    private static final List<String> MODULES = List.of(
            "api",
            "policies",
            "spi-cpu-reference",
            "spi-cpu-vector",
            "spi-cuda",
            "spi-vulkan",
            "conformance-kit",
            "host");

    private final Path folder;

    /** Installs everything that was packaged into an empty folder. */
    LocalRepository(Path folder) throws IOException {
        this.folder = folder;
        install("filigree-parent", ".");
        install("filigree-bom", "api/bom");
        for (String module : MODULES) {
            Path jar = packagedJar(module);
            String artifact = jar.getFileName().toString().replace("-" + VERSION + ".jar", "");
            install(artifact, module);
            Files.copy(jar, place(artifact, "jar"));
        }
    }

    /** Where it is. */
    Path folder() {
        return folder;
    }

    private void install(String artifact, String module) throws IOException {
        Path pom = place(artifact, "pom");
        Files.createDirectories(pom.getParent());
        Files.copy(ProjectTree.root().resolve(module).resolve("pom.xml"), pom);
    }

    private Path place(String artifact, String type) {
        return folder.resolve("dev/filigree")
                .resolve(artifact)
                .resolve(VERSION)
                .resolve(artifact + "-" + VERSION + "." + type);
    }

    private static Path packagedJar(String module) throws IOException {
        Path target = ProjectTree.root().resolve(module).resolve("target");
        try (var files = Files.list(target)) {
            List<Path> jars = files.filter(file -> file.getFileName().toString().endsWith("-" + VERSION + ".jar"))
                    .toList();
            assertTrue(jars.size() == 1, () -> "one jar of version " + VERSION + " in " + target + ", not " + jars);
            return jars.getFirst();
        }
    }
}
