package dev.filigree.cuda;

import dev.filigree.cuda.launch.DeviceTraits;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The kernels that the build packed: one fatbin with an image per architecture, and one per unit for compute capability 9.0 alone. */
final class KernelImage {
    private static final String GENERAL = "kernels/kernels.fatbin";
    private static final String HOPPER_LIST = "kernels/kernels-sm90a.txt";

    private KernelImage() {}

    /** Whether the build had nvcc. */
    static boolean isBuilt() {
        return KernelImage.class.getResource(GENERAL) != null;
    }

    /** The fatbins that a device loads. */
    static List<byte[]> load(DeviceTraits device) {
        List<byte[]> images = new ArrayList<>();
        images.add(read(GENERAL));
        if (device.isHopper()) {
            new String(read(HOPPER_LIST), StandardCharsets.UTF_8)
                    .lines()
                    .forEach(name -> images.add(read("kernels/" + name)));
        }
        return images;
    }

    private static byte[] read(String name) {
        try (InputStream in = KernelImage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("kernels vanished from the module: " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
