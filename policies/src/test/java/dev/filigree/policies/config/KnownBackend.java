package dev.filigree.policies.config;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Reason;
import java.util.List;

/** A backend that is known by name and option keys, and never opens. */
record KnownBackend(String name, List<String> optionKeys) implements BackendProvider {

    @Override
    public int spiVersion() {
        return BackendProvider.SPI_VERSION;
    }

    @Override
    public int priority() {
        return 100;
    }

    @Override
    public Probe probe() {
        return new Probe.Unavailable(List.of(Reason.of(Reason.Kind.NOT_BUILT, "it is a name only")));
    }

    @Override
    public Backend open(BackendOptions options) {
        throw new BackendException("it is a name only", new UnsupportedOperationException());
    }
}
