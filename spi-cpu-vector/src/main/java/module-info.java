import org.jspecify.annotations.NullMarked;

/** The embedded default backend, on the Vector API. */
@NullMarked
module dev.filigree.cpu.vector {
    requires static transitive org.jspecify;
    requires dev.filigree.api;
    requires static jdk.incubator.vector; // may be absent at run time: the provider then says so

    provides dev.filigree.api.backend.BackendProvider with
            dev.filigree.cpu.vector.VectorBackendProvider;
}
