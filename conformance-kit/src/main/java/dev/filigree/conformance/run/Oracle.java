package dev.filigree.conformance.run;

import dev.filigree.api.backend.BackendProvider;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Finds backends by name. The kit depends on no backend; the reference comes with the module or class path. */
public final class Oracle {
    /** The name of the reference backend. */
    public static final String NAME = "cpu-reference";

    private Oracle() {}

    /**
     * The reference backend.
     *
     * @throws IllegalStateException if it is not on the module or class path
     */
    public static BackendProvider find() {
        return named(NAME)
                .orElseThrow(() -> new IllegalStateException("backend " + NAME
                        + " is needed to judge others and is not on the module or class path; found are " + names()
                        + ": add dev.filigree:filigree-cpu-reference, or override oracle()"));
    }

    /** A backend on the module or class path. */
    public static Optional<BackendProvider> named(String name) {
        return all().stream().filter(provider -> provider.name().equals(name)).findFirst();
    }

    /** All backends on the module or class path. */
    public static List<BackendProvider> all() {
        return ServiceLoader.load(BackendProvider.class, Oracle.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }

    /** Names of all backends on the module or class path. */
    public static String names() {
        return all().stream().map(BackendProvider::name).sorted().collect(Collectors.joining(", ", "[", "]"));
    }
}
