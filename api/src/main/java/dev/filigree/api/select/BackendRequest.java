package dev.filigree.api.select;

import dev.filigree.api.backend.BackendOptions;
import java.util.List;
import java.util.Optional;

/**
 * Which backend a config asks for.
 *
 * @param name the one and only backend, or empty for automatic choice
 * @param order for automatic choice, names to try in order; empty for the providers' own priorities
 * @param options handed to the backend that is opened
 * @param configKey the key of the name in the config, quoted in refusals
 */
public record BackendRequest(Optional<String> name, List<String> order, BackendOptions options, String configKey) {

    /** Copies the list. */
    public BackendRequest {
        order = List.copyOf(order);
    }

    /** Automatic choice. */
    public static BackendRequest auto() {
        return new BackendRequest(Optional.empty(), List.of(), BackendOptions.NONE, "backend.name");
    }

    /** One backend by name. */
    public static BackendRequest named(String name) {
        return new BackendRequest(Optional.of(name), List.of(), BackendOptions.NONE, "backend.name");
    }
}
