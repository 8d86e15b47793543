package dev.filigree.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;

/** The kernels that the build packed: one fatbin with an image per architecture. */
final class KernelImage {
    private static final String RESOURCE = "kernels.fatbin";

    private KernelImage() {}

    /** Whether the build had nvcc. */
    static boolean isBuilt() {
        return KernelImage.class.getResource(RESOURCE) != null;
    }

    /** The bytes, if the build had nvcc. */
    static Optional<byte[]> load() {
        try (InputStream in = KernelImage.class.getResourceAsStream(RESOURCE)) {
            return in == null ? Optional.empty() : Optional.of(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
