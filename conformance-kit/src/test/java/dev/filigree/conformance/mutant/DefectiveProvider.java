package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import java.util.function.UnaryOperator;

/** Another provider whose backend, or whose own answers, are changed in one place. */
public class DefectiveProvider implements BackendProvider {
    final BackendProvider honest;
    private final UnaryOperator<Backend> defect;

    public DefectiveProvider(BackendProvider honest, UnaryOperator<Backend> defect) {
        this.honest = honest;
        this.defect = defect;
    }

    @Override
    public String name() {
        return honest.name();
    }

    @Override
    public int spiVersion() {
        return honest.spiVersion();
    }

    @Override
    public int priority() {
        return honest.priority();
    }

    @Override
    public Probe probe() {
        return honest.probe();
    }

    @Override
    public Backend open(BackendOptions options) {
        return defect.apply(honest.open(options));
    }
}
