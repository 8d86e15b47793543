package dev.filigree.conformance;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.cpu.reference.ReferenceBackendProvider;

/** The oracle itself: comparisons are trivial here, the properties are not. */
class ReferenceConformanceTest extends BackendConformance {

    @Override
    protected BackendProvider provider() {
        return new ReferenceBackendProvider();
    }
}
