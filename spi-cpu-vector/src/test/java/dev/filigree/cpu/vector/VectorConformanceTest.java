package dev.filigree.cpu.vector;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.conformance.BackendConformance;
import dev.filigree.cpu.reference.ReferenceBackendProvider;

/** The conformance kit on this backend. */
class VectorConformanceTest extends BackendConformance {

    @Override
    protected BackendProvider provider() {
        return new VectorBackendProvider();
    }

    @Override
    protected BackendProvider oracle() {
        return new ReferenceBackendProvider();
    }
}
