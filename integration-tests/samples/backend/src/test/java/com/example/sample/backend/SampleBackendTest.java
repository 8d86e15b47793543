package com.example.sample.backend;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.conformance.BackendConformance;

/** The whole proof: every case of the kit that the backend says it runs. */
class SampleBackendTest extends BackendConformance {

    @Override
    protected BackendProvider provider() {
        return new SampleBackendProvider();
    }
}
