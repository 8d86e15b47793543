package dev.filigree.cpu.reference;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import java.util.List;

/** Makes the reference backend known as {@value #NAME}. It needs nothing and runs everywhere. */
public final class ReferenceBackendProvider implements BackendProvider {

    /** The name used in configs. */
    public static final String NAME = "cpu-reference";

    private static final String MEMORY_LIMIT = "memoryLimitMiB";

    /** A provider; touches nothing. */
    public ReferenceBackendProvider() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int spiVersion() {
        return SPI_VERSION;
    }

    @Override
    public int priority() {
        return 100;
    }

    @Override
    public Probe probe() {
        return new Probe.Available(List.of(ReferenceBackend.device(Long.MAX_VALUE)));
    }

    /** {@code memoryLimitMiB}: native memory that scopes may take together, in MiB; unlimited if absent. */
    @Override
    public List<String> optionKeys() {
        return List.of(MEMORY_LIMIT);
    }

    @Override
    public Backend open(BackendOptions options) {
        options.requireOnly(optionKeys());
        int limitMiB = options.integer(MEMORY_LIMIT, 0, 1, Integer.MAX_VALUE);
        return new ReferenceBackend(limitMiB == 0 ? Long.MAX_VALUE : (long) limitMiB << 20);
    }
}
