package dev.filigree.vulkan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The driver's pipeline cache on disk, one file per device and driver version. A cache that fails is only slower. */
record PipelineFile(Path path) {

    static PipelineFile of(String driver) {
        String base = System.getenv("XDG_CACHE_HOME");
        Path folder =
                base == null || base.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(base);
        return new PipelineFile(folder.resolve("filigree").resolve("vulkan-" + driver + ".bin"));
    }

    byte[] read() {
        try {
            return Files.exists(path) ? Files.readAllBytes(path) : new byte[0];
        } catch (IOException e) {
            return new byte[0]; // as if there were none
        }
    }

    void write(byte[] bytes) {
        try {
            Files.createDirectories(path.getParent());
            Path fresh = Files.createTempFile(path.getParent(), "vulkan", ".tmp");
            Files.write(fresh, bytes);
            Files.move(fresh, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            // A home that cannot be written to: the next start compiles again.
        }
    }
}
