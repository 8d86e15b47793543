package dev.filigree.cuda;

import dev.filigree.cuda.launch.DeviceTraits;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * A fatbin that the build packed, and the kernels in it.
 *
 * @param file its name among the resources
 * @param symbols of its kernels
 */
record KernelImage(String file, List<String> symbols) {
    private static final String FOLDER = "kernels/";
    private static final String INDEX = "index.txt";
    /** Ends the names of images for compute capability 9.0 alone. */
    private static final String HOPPER = "_sm90a.fatbin";

    /** Whether the build had nvcc. */
    static boolean isBuilt() {
        return KernelImage.class.getResource(FOLDER + INDEX) != null;
    }

    /** The images that a device loads: one with an image per architecture, and on compute capability 9.0 those for it alone. */
    static List<KernelImage> of(DeviceTraits device) {
        return new String(read(INDEX), StandardCharsets.UTF_8)
                .lines()
                .map(line -> Arrays.asList(line.split(" ")))
                .map(words -> new KernelImage(words.get(0), List.copyOf(words.subList(1, words.size()))))
                .filter(image -> device.isHopper() || !image.file.endsWith(HOPPER))
                .toList();
    }

    /** Its bytes. */
    byte[] bytes() {
        return read(file);
    }

    private static byte[] read(String name) {
        try (InputStream in = KernelImage.class.getResourceAsStream(FOLDER + name)) {
            if (in == null) {
                throw new IllegalStateException("kernels vanished from the module: " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
