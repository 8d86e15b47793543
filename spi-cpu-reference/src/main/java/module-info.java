import org.jspecify.annotations.NullMarked;

/** The definition of every operation, in plain loops with fp64 accumulation. */
@NullMarked
module dev.filigree.cpu.reference {
    requires static transitive org.jspecify;
    requires dev.filigree.api;

    provides dev.filigree.api.backend.BackendProvider with
            dev.filigree.cpu.reference.ReferenceBackendProvider;
}
