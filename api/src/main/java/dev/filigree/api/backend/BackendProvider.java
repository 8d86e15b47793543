package dev.filigree.api.backend;

import java.util.List;
import java.util.OptionalLong;

/** Makes a backend known. Found by {@link java.util.ServiceLoader}; a public no-argument constructor does nothing. */
public interface BackendProvider {

    /** Version of this SPI; a provider of another version is refused with a reason. */
    int SPI_VERSION = 1;

    /** The name used in configs, such as {@code cpu-vector}. */
    String name();

    /** The SPI version the provider was built for; return {@link #SPI_VERSION} as a compile-time constant. */
    int spiVersion();

    /**
     * Where automatic choice places this backend; the highest first. The built-in ones use 400 (cuda), 300
     * (vulkan), 200 (cpu-vector) and 100 (cpu-reference).
     */
    int priority();

    /**
     * Whether the backend can be opened here. Never throws: whatever goes wrong is a reason. May be called
     * often; keep the first answer where asking is costly.
     */
    Probe probe();

    /** Keys it accepts in the config's {@code backend} section. The default is none. */
    default List<String> optionKeys() {
        return List.of();
    }

    /**
     * Context tokens from which block-sparse prefill takes less time than dense here, as measured: a constant that asks no
     * device. Empty, the default, if nobody measured.
     */
    default OptionalLong sparsePrefillFrom() {
        return OptionalLong.empty();
    }

    /**
     * Opens the backend.
     *
     * @throws IllegalArgumentException if an option is unknown or out of range
     * @throws BackendException if the device refuses
     */
    Backend open(BackendOptions options);
}
