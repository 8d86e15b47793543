/** A backend from outside: nothing of Filigree but its published api. */
module com.example.sample.backend {
    requires dev.filigree.api;

    provides dev.filigree.api.backend.BackendProvider with
            com.example.sample.backend.SampleBackendProvider;
}
