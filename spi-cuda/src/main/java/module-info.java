import org.jspecify.annotations.NullMarked;

/** The CUDA backend, on the driver API alone. */
@NullMarked
module dev.filigree.cuda {
    requires static transitive org.jspecify;
    requires dev.filigree.api;
    requires jcuda;

    provides dev.filigree.api.backend.BackendProvider with
            dev.filigree.cuda.CudaBackendProvider;
}
