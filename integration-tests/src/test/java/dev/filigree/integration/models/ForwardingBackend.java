package dev.filigree.integration.models;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Support;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.BufferScope;
import java.util.List;

/** An installed backend under another name, the only one that a model finds; tests change what they are about. */
abstract class ForwardingBackend implements BackendProvider, Backend {
    private final String name;
    private final Backend real;

    ForwardingBackend(String name, String realName, BackendOptions options) {
        this.name = name;
        real = BackendSelector.installed().providers().stream()
                .filter(one -> one.name().equals(realName))
                .findFirst()
                .orElseThrow()
                .open(options);
    }

    Backend real() {
        return real;
    }

    BackendSelector selector() {
        return new BackendSelector(List.of(this));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int spiVersion() {
        return SPI_VERSION;
    }

    @Override
    public int priority() {
        return 1;
    }

    @Override
    public Probe probe() {
        return new Probe.Available(List.of(device()));
    }

    @Override
    public Backend open(BackendOptions options) {
        return this;
    }

    @Override
    public DeviceInfo device() {
        return real.device();
    }

    @Override
    public BufferScope openScope() {
        return real.openScope();
    }

    @Override
    public ExecutionStream openStream() {
        return real.openStream();
    }

    @Override
    public Support support(Op op, Tensors tensors) {
        return real.support(op, tensors);
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        return real.prepare(plan);
    }

    @Override
    public void close() {
        real.close();
    }
}
